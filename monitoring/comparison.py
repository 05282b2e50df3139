"""Two sides compared, column by column.

Side, Side ──► bins of the reference ──► counts of both ──► PSI ──► drifted or not
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from credit.dossier import Integers, Words
from credit.schema import APPLICATION
from monitoring.binning import Bins, Cells, draw
from monitoring.psi import Psi, psi
from monitoring.sample import Side

RISK = "risk"

FEWEST = 50
"""Clients a side needs before anything is called drifted: five in each of ten bins."""


class Kind(StrEnum):
    APPLICATION = "application"
    FEATURE = "feature"
    RISK = "risk"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One column, then and now."""

    column: str
    kind: Kind
    bins: Bins
    reference: Integers
    """Clients in each bin."""
    current: Integers
    psi: Psi
    judged: bool
    """Whether there are clients enough to tell."""

    @property
    def drifted(self) -> bool:
        return self.judged and self.psi.drifted

    @property
    def missing_reference(self) -> float:
        """Share of clients whose cell is unknown."""
        return float(self.reference[-1] / self.reference.sum())

    @property
    def missing_current(self) -> float:
        return float(self.current[-1] / self.current.sum())

    @property
    def moved(self) -> str:
        """The bin whose share moved most, in words."""
        before = self.reference / self.reference.sum()
        after = self.current / self.current.sum()
        most = int(np.abs(after - before).argmax())
        return f"{self.bins.labels[most]}: {before[most]:.1%} → {after[most]:.1%}"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """All that was compared."""

    reference: Side
    current: Side
    columns: tuple[Comparison, ...]

    def of(self, kind: Kind) -> tuple[Comparison, ...]:
        return tuple(column for column in self.columns if column.kind is kind)

    @property
    def risk(self) -> Comparison:
        (risk,) = self.of(Kind.RISK)
        return risk

    @property
    def drifted(self) -> tuple[Comparison, ...]:
        """Application columns and the risk, those that moved most first.

        Features follow from the application columns and the histories: they are told beside them.
        """
        told = (*self.of(Kind.RISK), *self.of(Kind.APPLICATION))
        return tuple(sorted((c for c in told if c.drifted), key=lambda c: -c.psi.value))


def compare(reference: Side, current: Side) -> Drift:
    """Every application column, the risk and every feature of two sides."""
    columns = (
        *_compared(Kind.APPLICATION, reference.application, current.application),
        *_compared(Kind.RISK, {RISK: reference.risk}, {RISK: current.risk}),
        *_compared(Kind.FEATURE, reference.features, current.features),
    )
    return Drift(reference=reference, current=current, columns=columns)


def _compared(
    kind: Kind, reference: Mapping[str, Cells], current: Mapping[str, Cells]
) -> Iterator[Comparison]:
    for name in reference:
        sentinels = _sentinels(name) if kind is Kind.APPLICATION else {}
        yield compared(name, kind, reference[name], current[name], sentinels)


def compared(
    name: str, kind: Kind, reference: Cells, current: Cells, sentinels: Mapping[float, str]
) -> Comparison:
    """One column of two sides."""
    smaller = min(_rows(reference), _rows(current))
    bins = draw(reference, sentinels, smaller=smaller)
    before, after = bins.count(reference), bins.count(current)
    return Comparison(
        column=name,
        kind=kind,
        bins=bins,
        reference=before,
        current=after,
        psi=psi(before, after),
        judged=smaller >= FEWEST,
    )


def _sentinels(column: str) -> dict[float, str]:
    """Numbers that are words in disguise; words that mean unknown have been read as unknown."""
    said = APPLICATION[column].sentinels
    return {number: text for number, text in said.items() if not isinstance(number, str)}


def _rows(cells: Cells) -> int:
    return len(cells.codes) if isinstance(cells, Words) else len(cells)
