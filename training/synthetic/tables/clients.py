"""Clients, drawn in blocks: their traits and their forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from training.synthetic.sampling.column_sampler import Reader
from training.synthetic.sampling.latent_traits import Traits, TraitValues
from training.synthetic.sampling.marginals import Codes, Mask
from training.synthetic.tables.application import FormModel, application_form


@dataclass(frozen=True, kw_only=True)
class Clients:
    """A block of clients."""

    later: Mask
    """Those of `application_test`."""
    traits: TraitValues
    form: pl.DataFrame
    """The application form, without the client's id."""
    covered_by_bureau: Mask
    """Those of whose credits elsewhere every month is reported."""
    reader: Reader

    @property
    def size(self) -> int:
        return len(self.later)

    def owners(self, count: str) -> Codes:
        """Each row's client by position, in a table where `count` says how many rows one has."""
        return np.repeat(np.arange(self.size), self.reader.numbers(count).astype(np.int64))


def draw_clients(
    traits: Traits, form: FormModel, later: Mask, rng: np.random.Generator
) -> Clients:
    """New clients; `later` says which of them apply later."""
    drawn = traits.draw(rng, len(later))
    reader = Reader(
        marginals=form.marginals,
        traits=drawn,
        rng=rng,
        rows=len(later),
        later=later,
        shifted=form.shifted,
    )
    return Clients(
        later=later,
        traits=drawn,
        form=application_form(reader),
        covered_by_bureau=reader.flags("covered by bureau"),
        reader=reader,
    )
