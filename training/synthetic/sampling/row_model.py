"""Sample the rows of a history table, with rows of one client alike.

    trait of a row = client effect + row effect

The client effect is a trait of the client, so it correlates with the form and with the risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from training.synthetic.sampling.column_sampler import ColumnSampler, standardise_trait
from training.synthetic.sampling.latent_traits import TraitValues, find_nearest_correlation
from training.synthetic.sampling.marginals import Floats, Integers, Marginal


@dataclass(frozen=True, kw_only=True)
class RowModel:
    """Parameters of one history table."""

    table: str
    traits: tuple[str, ...]
    between_client_share: Floats
    """Share of each trait's variance that lies between clients, 0 to 1."""
    within_correlation: Floats
    """Correlation of the row effects, traits x traits."""
    marginals: Mapping[str, Marginal]

    def get_client_trait_name(self, trait: str) -> str:
        """Return the name of the client trait that the rows share."""
        return f"{self.table}: {trait}"

    def build_sampler(
        self, clients: TraitValues, owner: Integers, rng: np.random.Generator
    ) -> ColumnSampler:
        """Create a sampler of new rows; `owner` is the position of each row's client."""
        factor = np.linalg.cholesky(find_nearest_correlation(self.within_correlation))
        row_effects = factor @ rng.standard_normal((len(self.traits), len(owner)))
        trait_values = {
            trait: standardise_trait(
                np.sqrt(share) * clients[self.get_client_trait_name(trait)][owner]
                + np.sqrt(1 - share) * row_effects[i]
            )
            for i, (trait, share) in enumerate(
                zip(self.traits, self.between_client_share, strict=True)
            )
        }
        return ColumnSampler(
            marginals=self.marginals,
            traits=MappingProxyType(trait_values),
            rng=rng,
            rows=len(owner),
        )
