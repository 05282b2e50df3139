"""Sample columns from traits, by one marginal per column or one per group of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import numpy as np
import polars as pl

from training.synthetic.sampling.latent_traits import TraitValues
from training.synthetic.sampling.marginals import (
    Floats,
    Integers,
    Marginal,
    Mask,
    Quantiles,
    Shares,
)

HALF_WEIGHT_ROWS = 30
"""Number of rows at which a group's own mean and variance get half of the weight."""

ALWAYS_MISSING = Shares(values=(None,), shares=np.ones(1))


@dataclass(frozen=True, kw_only=True)
class ColumnSampler:
    """Sample columns for rows with known traits."""

    marginals: Mapping[str, Marginal]
    traits: TraitValues
    rng: np.random.Generator
    rows: int
    is_test: Mask | None = None
    """Rows that use `test_marginals`."""
    test_marginals: Mapping[str, Marginal] = field(default_factory=lambda: MappingProxyType({}))
    """Marginals that replace the usual ones for the rows of `application_test`."""

    @classmethod
    def from_marginals(
        cls, marginals: Mapping[str, Marginal], rng: np.random.Generator, rows: int
    ) -> Self:
        """Create a sampler for rows without traits: all columns are independent."""
        return cls(marginals=marginals, traits=MappingProxyType({}), rng=rng, rows=rows)

    def sample_categories(self, column: str, *, trait: Floats | None = None) -> pl.Series:
        trait = self.get_trait(column) if trait is None else trait
        values = _require_shares(self.marginals[column]).inverse_transform(trait)
        if self.is_test is None or column not in self.test_marginals:
            return values
        test_values = _require_shares(self.test_marginals[column]).inverse_transform(trait)
        return test_values.zip_with(pl.Series(self.is_test), values)

    def sample_numbers(self, column: str, *, trait: Floats | None = None) -> Floats:
        """Sample numbers from the column's own trait, or from the given one."""
        trait = self.get_trait(column) if trait is None else trait
        values = _inverse_transform(self.marginals[column], trait)
        if self.is_test is None or column not in self.test_marginals:
            return values
        return np.where(
            self.is_test, _inverse_transform(self.test_marginals[column], trait), values
        )

    def standardise_within(self, mask: Mask, column: str) -> Floats:
        """Return the column's trait, standardised among the rows of `mask`.

        Use it for a marginal that was fitted on such rows only.
        """
        trait = self.get_trait(column).copy()
        trait[mask] = standardise_trait(trait[mask])
        return trait

    def sample_categories_by(self, column: str, groups: pl.Series) -> pl.Series:
        """Sample categories by the marginal of the row's group; null without a marginal."""
        trait = self.get_trait(column)
        group_values, group_rows = [], []
        for group, rows in _iter_groups(groups):
            marginal = self.marginals.get(f"{column} of {group}", ALWAYS_MISSING)
            group_values.append(
                _require_shares(marginal)
                .inverse_transform(standardise_trait(trait[rows]))
                .cast(pl.String)
            )
            group_rows.append(rows)
        if not group_values:
            return pl.Series([], dtype=pl.String)
        return pl.concat(group_values).gather(np.argsort(np.concatenate(group_rows)))

    def sample_numbers_by(
        self, column: str, groups: pl.Series, *, trait: Floats | None = None
    ) -> Floats:
        """Sample numbers by the marginal of the row's group; NaN without a marginal."""
        trait = self.get_trait(column) if trait is None else trait
        values = np.full(self.rows, np.nan)
        for group, rows in _iter_groups(groups):
            if (marginal := self.marginals.get(f"{column} of {group}")) is not None:
                values[rows] = _inverse_transform(marginal, standardise_trait(trait[rows]))
        return values

    def sample_flags(self, column: str, mask: Mask | None = None) -> Mask:
        """Sample a flag. With `mask`, the rate is that of its rows and all others are False."""
        if mask is None:
            return np.asarray(self.sample_numbers(column) == 1)
        return np.asarray(
            mask & (self.sample_numbers(column, trait=self.standardise_within(mask, column)) == 1)
        )

    def sample_flags_by(self, column: str, groups: pl.Series) -> Mask:
        """Sample a flag at the rate of the row's group."""
        return np.asarray(self.sample_numbers_by(column, groups) == 1)

    def sample_with_missing(self, column: str, mask: Mask | None = None) -> Floats:
        """Sample numbers and set NaN at the column's missing rate; outside `mask` all are NaN."""
        known = self.sample_flags(f"{column} known")
        known = known if mask is None else known & mask
        return keep_where(
            known, self.sample_numbers(column, trait=self.standardise_within(known, column))
        )

    def get_trait(self, name: str) -> Floats:
        """Return the named trait, or independent noise if the column has no trait."""
        return self.traits[name] if name in self.traits else self.rng.standard_normal(self.rows)


def _iter_groups(groups: pl.Series) -> Iterator[tuple[str | None, Integers]]:
    """Yield each group with the positions of its rows."""
    frame = groups.to_frame("group").with_row_index("row")
    for (group,), rows in frame.group_by("group", maintain_order=True):
        yield group, rows["row"].to_numpy().astype(np.int64)


def _require_shares(marginal: Marginal) -> Shares:
    if not isinstance(marginal, Shares):
        raise TypeError("categories need shares, not quantiles")
    return marginal


def _inverse_transform(marginal: Marginal, trait: Floats) -> Floats:
    return (
        marginal.inverse_transform(trait)
        if isinstance(marginal, Quantiles)
        else marginal.inverse_transform_numbers(trait)
    )


def standardise_trait(trait: Floats) -> Floats:
    """Standardise a trait to mean 0 and variance 1 among these rows, as marginals expect.

    Rows are not clients: a trait that goes with many rows, or with the group, has a shifted mean
    among the rows. The correction shrinks for small groups, where the sample mean is noisy.
    """
    weight = len(trait) / (len(trait) + HALF_WEIGHT_ROWS)
    center = weight * trait.mean() if len(trait) else 0.0
    variance = weight * trait.var() + (1 - weight) if len(trait) else 1.0
    return np.asarray((trait - center) / np.sqrt(variance))


def keep_where(condition: Mask, values: Floats) -> Floats:
    """Return the values where the condition holds, NaN elsewhere."""
    return np.where(condition, values, np.nan)


def encode_yes_no(flags: Mask) -> pl.Series:
    return pl.Series(["N", "Y"]).gather(flags.astype(np.int64))
