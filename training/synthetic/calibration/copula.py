"""Find the correlation of traits for which sampled forms correlate like real ones.

Steps, gaps and rules lie between the traits and the columns, so the correlation of columns is not
that of the traits. Each round samples forms, compares their correlations with the target and
corrects the traits' correlation by the difference.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import StoredAggregate
from training.synthetic.calibration.tables.application import (
    Forms,
    compute_trait_scores,
    extract_category_orders,
)
from training.synthetic.calibration.trait_observations import TRAIT_OBSERVATIONS
from training.synthetic.parameters import parse_form_model
from training.synthetic.sampling.column_sampler import ColumnSampler
from training.synthetic.sampling.latent_traits import LatentTraits, find_nearest_correlation
from training.synthetic.sampling.marginals import Floats, Mask
from training.synthetic.tables.application import sample_application_form

CORRECTION_ROUNDS = 12
MIN_CLIENTS_PER_PAIR = 300
"""Pairs of columns known together for fewer clients are taken as independent."""

MAX_CORRELATION = 0.995


def fit_form_correlation(forms: Forms, form_parameters: StoredAggregate) -> Floats:
    """Fit the correlation of the form's traits, in the order of `TRAIT_OBSERVATIONS`."""
    orders = extract_category_orders(form_parameters)
    target, pair_counts = compute_pairwise_correlation(
        compute_trait_scores(pl.concat(forms), orders)
    )
    model = parse_form_model(form_parameters)
    is_test = np.repeat([False, True], [frame.height for frame in forms])

    def sample_scores(correlation: Floats) -> Floats:
        rng = np.random.default_rng(1)
        trait_values = LatentTraits(
            names=tuple(TRAIT_OBSERVATIONS), correlation=correlation
        ).sample(rng, len(is_test))
        sampler = ColumnSampler(
            marginals=model.marginals,
            traits=trait_values,
            rng=rng,
            rows=len(is_test),
            is_test=is_test,
            test_marginals=model.test_marginals,
        )
        return compute_trait_scores(sample_application_form(sampler), orders)

    return fit_trait_correlation(target, pair_counts >= MIN_CLIENTS_PER_PAIR, sample_scores)


def compute_pairwise_correlation(scores: Floats) -> tuple[Floats, Floats]:
    """Return pairwise correlations and the number of clients with both values known."""
    known = np.isfinite(scores).astype(float)
    filled = np.nan_to_num(scores)
    pair_counts = known.T @ known
    count = np.maximum(pair_counts, 1)
    mean = (filled.T @ known) / count
    variance = (filled**2).T @ known / count - mean**2
    covariance = (filled.T @ filled) / count - mean * mean.T
    spread = np.sqrt(np.maximum(variance * variance.T, 1e-12))
    return covariance / spread, pair_counts


def fit_trait_correlation(
    target: Floats, reliable: Mask, sample_scores: Callable[[Floats], Floats]
) -> Floats:
    """Fit the correlation of traits for which sampled scores correlate like `target`."""
    reliable_target = np.where(reliable, target, 0.0)
    correlation = find_nearest_correlation(
        np.clip(reliable_target, -MAX_CORRELATION, MAX_CORRELATION)
    )
    for step in np.linspace(1.0, 0.3, CORRECTION_ROUNDS):
        sampled_correlation, _ = compute_pairwise_correlation(sample_scores(correlation))
        correction = np.where(reliable, reliable_target - np.nan_to_num(sampled_correlation), 0.0)
        np.fill_diagonal(correction, 0.0)
        correlation = find_nearest_correlation(
            np.clip(correlation + step * correction, -MAX_CORRELATION, MAX_CORRELATION)
        )
    return correlation
