"""Rows of a history table: many a client, alike because they are the same client's.

    a row's trait = what the client's rows share + what the row has of its own

What they share is a trait of the client, so that it goes with the form and with the risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from training.synthetic.sampling.column_sampler import Reader, standard
from training.synthetic.sampling.latent_traits import TraitValues, nearest_correlation
from training.synthetic.sampling.marginals import Codes, Marginal, Numbers


@dataclass(frozen=True, kw_only=True)
class RowModel:
    """What is kept of one history table."""

    table: str
    traits: tuple[str, ...]
    shared: Numbers
    """By trait, the share of its variance that lies between clients."""
    correlation: Numbers
    """Of what a row has of its own."""
    marginals: Mapping[str, Marginal]

    def client_trait(self, trait: str) -> str:
        """The name of the client's trait that the rows share."""
        return f"{self.table}: {trait}"

    def reader(self, clients: TraitValues, owner: Codes, rng: np.random.Generator) -> Reader:
        """A reader of new rows; `owner` is each row's client, by position."""
        factor = np.linalg.cholesky(nearest_correlation(self.correlation))
        own = factor @ rng.standard_normal((len(self.traits), len(owner)))
        drawn = {
            trait: standard(
                np.sqrt(shared) * clients[self.client_trait(trait)][owner]
                + np.sqrt(1 - shared) * own[i]
            )
            for i, (trait, shared) in enumerate(zip(self.traits, self.shared, strict=True))
        }
        return Reader(
            marginals=self.marginals, traits=MappingProxyType(drawn), rng=rng, rows=len(owner)
        )
