"""Reading columns off traits: each by its marginal, groups of rows by marginals of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import numpy as np
import polars as pl

from training.synthetic.sampling.latent_traits import TraitValues
from training.synthetic.sampling.marginals import Codes, Marginal, Mask, Numbers, Quantiles, Shares

FEW_ROWS = 30
"""So many rows are believed half, and more the more there are."""

NOTHING = Shares(values=(None,), shares=np.ones(1))


@dataclass(frozen=True, kw_only=True)
class Reader:
    """The values of columns for rows whose traits are drawn."""

    marginals: Mapping[str, Marginal]
    traits: TraitValues
    rng: np.random.Generator
    rows: int
    later: Mask | None = None
    """The rows to which `shifted` applies."""
    shifted: Mapping[str, Marginal] = field(default_factory=lambda: MappingProxyType({}))
    """Marginals that replace the usual ones for the later rows."""

    @classmethod
    def fresh(cls, marginals: Mapping[str, Marginal], rng: np.random.Generator, rows: int) -> Self:
        """A reader of rows without traits, each column on its own."""
        return cls(marginals=marginals, traits=MappingProxyType({}), rng=rng, rows=rows)

    def words(self, column: str, *, stands: Numbers | None = None) -> pl.Series:
        stands = self.trait(column) if stands is None else stands
        values = _as_shares(self.marginals[column]).at(stands)
        if self.later is None or column not in self.shifted:
            return values
        shifted = _as_shares(self.shifted[column]).at(stands)
        return shifted.zip_with(pl.Series(self.later), values)

    def numbers(self, column: str, *, stands: Numbers | None = None) -> Numbers:
        """The column by its own trait, or by what `stands` for it."""
        stands = self.trait(column) if stands is None else stands
        values = _numbers(self.marginals[column], stands)
        if self.later is None or column not in self.shifted:
            return values
        return np.where(self.later, _numbers(self.shifted[column], stands), values)

    def among(self, here: Mask, column: str) -> Numbers:
        """The column's trait for a marginal that holds only of the rows `here`."""
        stands = self.trait(column).copy()
        stands[here] = standard(stands[here])
        return stands

    def words_by(self, column: str, groups: pl.Series) -> pl.Series:
        """Words whose shares depend on the row's group; absent where none are kept."""
        stands = self.trait(column)
        parts, places = [], []
        for group, here in _places(groups):
            kept = self.marginals.get(f"{column} of {group}", NOTHING)
            parts.append(_as_shares(kept).at(standard(stands[here])).cast(pl.String))
            places.append(here)
        if not parts:
            return pl.Series([], dtype=pl.String)
        return pl.concat(parts).gather(np.argsort(np.concatenate(places)))

    def numbers_by(
        self, column: str, groups: pl.Series, *, stands: Numbers | None = None
    ) -> Numbers:
        """Numbers whose marginal depends on the row's group; unknown where none is kept."""
        stands = self.trait(column) if stands is None else stands
        found = np.full(self.rows, np.nan)
        for group, here in _places(groups):
            if (kept := self.marginals.get(f"{column} of {group}")) is not None:
                found[here] = _numbers(kept, standard(stands[here]))
        return found

    def flags(self, column: str, here: Mask | None = None) -> Mask:
        """Whether the flag is set; nowhere but `here`, if its rate is that of those rows."""
        if here is None:
            return np.asarray(self.numbers(column) == 1)
        return np.asarray(here & (self.numbers(column, stands=self.among(here, column)) == 1))

    def flags_by(self, column: str, groups: pl.Series) -> Mask:
        """Whether the flag is set, at the rate of the row's group."""
        return np.asarray(self.numbers_by(column, groups) == 1)

    def known(self, column: str, here: Mask | None = None) -> Numbers:
        """The column where it is known, of the rows `here` or of all."""
        known = self.flags(f"{column} known")
        known = known if here is None else known & here
        return given(known, self.numbers(column, stands=self.among(known, column)))

    def trait(self, name: str) -> Numbers:
        """The trait of that name; a fresh one where the column depends on nothing else."""
        return self.traits[name] if name in self.traits else self.rng.standard_normal(self.rows)


def _places(groups: pl.Series) -> Iterator[tuple[str | None, Codes]]:
    """Each group with the positions of its rows."""
    frame = groups.to_frame("group").with_row_index("row")
    for (group,), rows in frame.group_by("group", maintain_order=True):
        yield group, rows["row"].to_numpy().astype(np.int64)


def _as_shares(kept: Marginal) -> Shares:
    if not isinstance(kept, Shares):
        raise TypeError("words are kept as shares, not as quantiles")
    return kept


def _numbers(kept: Marginal, stands: Numbers) -> Numbers:
    return kept.at(stands) if isinstance(kept, Quantiles) else kept.numbers(stands)


def standard(trait: Numbers) -> Numbers:
    """The trait with mean 0 and variance 1 among these rows, as marginals expect it.

    Rows are not clients: a trait that makes for many rows stands too high among rows, and so does
    one that goes with the group. Of few rows less is corrected.
    """
    weight = len(trait) / (len(trait) + FEW_ROWS)
    center = weight * trait.mean() if len(trait) else 0.0
    spread = weight * trait.var() + (1 - weight) if len(trait) else 1.0
    return np.asarray((trait - center) / np.sqrt(spread))


def given(condition: Mask, values: Numbers) -> Numbers:
    """The values where the condition holds, unknown elsewhere."""
    return np.where(condition, values, np.nan)


def yes_no(flags: Mask) -> pl.Series:
    return pl.Series(["N", "Y"]).gather(flags.astype(np.int64))
