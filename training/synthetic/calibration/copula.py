"""The correlation of traits that makes drawn forms correlate as real ones do.

Columns show traits through steps, gaps and rules, so the traits' correlation cannot be read off
the columns'. It is found by drawing forms, comparing, and correcting, a few times over.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from training.synthetic.calibration.application import Forms, trait_scores, word_orders
from training.synthetic.calibration.estimators import Stored
from training.synthetic.calibration.trait_observations import TRAITS
from training.synthetic.parameters import form_model
from training.synthetic.sampling.column_sampler import Reader
from training.synthetic.sampling.latent_traits import Traits, nearest_correlation
from training.synthetic.sampling.marginals import Mask, Numbers
from training.synthetic.tables.application import application_form

ROUNDS = 12
LEAST_OVERLAP = 300
"""Pairs of columns known together of fewer clients are taken as independent."""

MOST = 0.995


def form_correlation(forms: Forms, form: Stored) -> Numbers:
    """The correlation of the form's traits, in the order of `TRAITS`."""
    orders = word_orders(form)
    target, both = pairwise_correlation(trait_scores(pl.concat(forms), orders))
    kept = form_model(form)
    later = np.repeat([False, True], [part.height for part in forms])

    def draw(correlation: Numbers) -> Numbers:
        rng = np.random.default_rng(1)
        drawn = Traits(names=tuple(TRAITS), correlation=correlation).draw(rng, len(later))
        reader = Reader(
            marginals=kept.marginals, traits=drawn, rng=rng, rows=len(later), later=later,
            shifted=kept.shifted,
        )  # fmt: skip
        return trait_scores(application_form(reader), orders)

    return trait_correlation(target, both >= LEAST_OVERLAP, draw)


def pairwise_correlation(scores: Numbers) -> tuple[Numbers, Numbers]:
    """Correlations over the clients of whom both are known, and how many those are."""
    known = np.isfinite(scores).astype(float)
    filled = np.nan_to_num(scores)
    both = known.T @ known
    count = np.maximum(both, 1)
    mean = (filled.T @ known) / count
    variance = (filled**2).T @ known / count - mean**2
    covariance = (filled.T @ filled) / count - mean * mean.T
    spread = np.sqrt(np.maximum(variance * variance.T, 1e-12))
    return covariance / spread, both


def trait_correlation(
    target: Numbers, reliable: Mask, draw: Callable[[Numbers], Numbers]
) -> Numbers:
    """The traits' correlation under which `draw` gives scores that correlate like `target`."""
    wanted = np.where(reliable, target, 0.0)
    traits = nearest_correlation(np.clip(wanted, -MOST, MOST))
    for step in np.linspace(1.0, 0.3, ROUNDS):
        drawn, _ = pairwise_correlation(draw(traits))
        correction = np.where(reliable, wanted - np.nan_to_num(drawn), 0.0)
        np.fill_diagonal(correction, 0.0)
        traits = nearest_correlation(np.clip(traits + step * correction, -MOST, MOST))
    return traits
