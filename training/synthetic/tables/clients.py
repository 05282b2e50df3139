"""Sample clients in blocks: their traits and application forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from training.synthetic.sampling.column_sampler import ColumnSampler
from training.synthetic.sampling.latent_traits import LatentTraits, TraitValues
from training.synthetic.sampling.marginals import Integers, Mask
from training.synthetic.tables.application import FormModel, sample_application_form


@dataclass(frozen=True, kw_only=True)
class Clients:
    """A block of clients."""

    is_test: Mask
    """Clients in `application_test`."""
    traits: TraitValues
    form: pl.DataFrame
    """The application form, without the client's id."""
    covered_by_bureau: Mask
    """Clients for which the bureau reports every month."""
    sampler: ColumnSampler

    @property
    def size(self) -> int:
        return len(self.is_test)

    def sample_row_owners(self, count_column: str) -> Integers:
        """Return each row's client position; column `count_column` gives the rows per client."""
        return np.repeat(
            np.arange(self.size), self.sampler.sample_numbers(count_column).astype(np.int64)
        )


def sample_clients(
    traits: LatentTraits, form: FormModel, is_test: Mask, rng: np.random.Generator
) -> Clients:
    """Sample new clients; `is_test` marks those in `application_test`."""
    trait_values = traits.sample(rng, len(is_test))
    sampler = ColumnSampler(
        marginals=form.marginals,
        traits=trait_values,
        rng=rng,
        rows=len(is_test),
        is_test=is_test,
        test_marginals=form.test_marginals,
    )
    return Clients(
        is_test=is_test,
        traits=trait_values,
        form=sample_application_form(sampler),
        covered_by_bureau=sampler.sample_flags("covered by bureau"),
        sampler=sampler,
    )
