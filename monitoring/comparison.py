"""Two sides compared, column by column.

Side, Side ──► bins of the reference ──► counts of both ──► PSI ──► drifted or not
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from credit.dossier import CategoricalColumn, Integers
from credit.schema import APPLICATION
from monitoring.binning import Bins, ColumnValues, fit_bins
from monitoring.psi import Psi, compute_psi
from monitoring.sample import Sample

RISK = "risk"

MIN_CLIENTS_PER_SAMPLE = 50
"""Clients a side needs before anything is called drifted: five in each of ten bins."""


class ColumnKind(StrEnum):
    APPLICATION = "application"
    FEATURE = "feature"
    RISK = "risk"


@dataclass(frozen=True, kw_only=True)
class ColumnComparison:
    """One column, then and now."""

    column: str
    kind: ColumnKind
    bins: Bins
    reference: Integers
    """Clients in each bin."""
    current: Integers
    psi: Psi
    has_enough_clients: bool
    """Whether there are clients enough to tell."""

    @property
    def has_drifted(self) -> bool:
        return self.has_enough_clients and self.psi.has_drifted

    @property
    def missing_reference(self) -> float:
        """Share of clients whose cell is unknown."""
        return float(self.reference[-1] / self.reference.sum())

    @property
    def missing_current(self) -> float:
        return float(self.current[-1] / self.current.sum())

    @property
    def largest_shift(self) -> str:
        """The bin whose share moved most, in words."""
        before = self.reference / self.reference.sum()
        after = self.current / self.current.sum()
        index = int(np.abs(after - before).argmax())
        return f"{self.bins.labels[index]}: {before[index]:.1%} → {after[index]:.1%}"


@dataclass(frozen=True, kw_only=True)
class DriftResult:
    """All that was compared."""

    reference: Sample
    current: Sample
    columns: tuple[ColumnComparison, ...]

    def columns_of_kind(self, kind: ColumnKind) -> tuple[ColumnComparison, ...]:
        return tuple(column for column in self.columns if column.kind is kind)

    @property
    def risk(self) -> ColumnComparison:
        (risk,) = self.columns_of_kind(ColumnKind.RISK)
        return risk

    @property
    def drifted_columns(self) -> tuple[ColumnComparison, ...]:
        """Application columns and the risk, those that moved most first.

        Features follow from the application columns and the histories: they are told beside them.
        """
        columns = (
            *self.columns_of_kind(ColumnKind.RISK),
            *self.columns_of_kind(ColumnKind.APPLICATION),
        )
        return tuple(sorted((c for c in columns if c.has_drifted), key=lambda c: -c.psi.value))


def compare_samples(reference: Sample, current: Sample) -> DriftResult:
    """Every application column, the risk and every feature of two sides."""
    columns = (
        *_compare_columns(ColumnKind.APPLICATION, reference.application, current.application),
        *_compare_columns(ColumnKind.RISK, {RISK: reference.risk}, {RISK: current.risk}),
        *_compare_columns(ColumnKind.FEATURE, reference.features, current.features),
    )
    return DriftResult(reference=reference, current=current, columns=columns)


def _compare_columns(
    kind: ColumnKind, reference: Mapping[str, ColumnValues], current: Mapping[str, ColumnValues]
) -> Iterator[ColumnComparison]:
    for name in reference:
        sentinels = _numeric_sentinels(name) if kind is ColumnKind.APPLICATION else {}
        yield compare_column(name, kind, reference[name], current[name], sentinels)


def compare_column(
    name: str,
    kind: ColumnKind,
    reference: ColumnValues,
    current: ColumnValues,
    sentinels: Mapping[float, str],
) -> ColumnComparison:
    """One column of two sides."""
    smaller_sample_size = min(_count_rows(reference), _count_rows(current))
    bins = fit_bins(reference, sentinels, smaller_sample_size=smaller_sample_size)
    before, after = bins.count_by_bin(reference), bins.count_by_bin(current)
    return ColumnComparison(
        column=name,
        kind=kind,
        bins=bins,
        reference=before,
        current=after,
        psi=compute_psi(before, after),
        has_enough_clients=smaller_sample_size >= MIN_CLIENTS_PER_SAMPLE,
    )


def _numeric_sentinels(column: str) -> dict[float, str]:
    """Numbers that are words in disguise; words that mean unknown have been read as unknown."""
    sentinels = APPLICATION[column].sentinels
    return {number: text for number, text in sentinels.items() if not isinstance(number, str)}


def _count_rows(column: ColumnValues) -> int:
    return len(column.codes) if isinstance(column, CategoricalColumn) else len(column)
