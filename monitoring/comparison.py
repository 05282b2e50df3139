"""Compare two samples column by column.

reference, current ──► bins of the reference ──► counts of both ──► PSI ──► drifted or not
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
"""Name of the compared column of risks."""

MIN_CLIENTS_PER_SAMPLE = 50
"""Clients needed in each sample to call anything drifted: five in each of ten bins."""


class ColumnKind(StrEnum):
    APPLICATION = "application"
    FEATURE = "feature"
    RISK = "risk"


@dataclass(frozen=True, kw_only=True)
class ColumnComparison:
    """The distribution of one column in both samples."""

    column: str
    kind: ColumnKind
    bins: Bins
    reference: Integers
    """Reference clients per bin, shape (bins,)."""
    current: Integers
    """Current clients per bin, shape (bins,)."""
    psi: Psi
    has_enough_clients: bool
    """True if both samples have at least `MIN_CLIENTS_PER_SAMPLE` clients."""

    @property
    def has_drifted(self) -> bool:
        return self.has_enough_clients and self.psi.has_drifted

    @property
    def missing_reference(self) -> float:
        """Return the share of reference clients with an unknown value, 0 to 1."""
        return float(self.reference[-1] / self.reference.sum())

    @property
    def missing_current(self) -> float:
        """Return the share of current clients with an unknown value, 0 to 1."""
        return float(self.current[-1] / self.current.sum())

    @property
    def largest_shift(self) -> str:
        """Describe the bin with the largest change in share, such as `(unknown): 0.0% → 60.0%`."""
        before = self.reference / self.reference.sum()
        after = self.current / self.current.sum()
        index = int(np.abs(after - before).argmax())
        return f"{self.bins.labels[index]}: {before[index]:.1%} → {after[index]:.1%}"


@dataclass(frozen=True, kw_only=True)
class DriftResult:
    """Both samples and the comparison of every column."""

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
        """Return the drifted application columns and the risk, highest PSI first.

        Features are left out: they are computed from the application columns and the histories.
        """
        columns = (
            *self.columns_of_kind(ColumnKind.RISK),
            *self.columns_of_kind(ColumnKind.APPLICATION),
        )
        return tuple(sorted((c for c in columns if c.has_drifted), key=lambda c: -c.psi.value))


def compare_samples(reference: Sample, current: Sample) -> DriftResult:
    """Compare every application column, the risk and every feature of two samples."""
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
    """Compare one column; bins are fitted on `reference`.

    Args:
        name: Name of the column.
        kind: What the column belongs to.
        reference: Values in the reference sample, shape (reference clients,).
        current: Values in the current sample, shape (current clients,).
        sentinels: Numbers with a special meaning, with its text.
    """
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
    """Return the column's numeric sentinels; text sentinels were already read as unknown."""
    sentinels = APPLICATION[column].sentinels
    return {number: text for number, text in sentinels.items() if not isinstance(number, str)}


def _count_rows(column: ColumnValues) -> int:
    return len(column.codes) if isinstance(column, CategoricalColumn) else len(column)
