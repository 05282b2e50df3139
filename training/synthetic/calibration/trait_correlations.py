"""How the traits of forms and of histories go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.synthetic.calibration.variance_components import VarianceComponents
from training.synthetic.sampling.latent_traits import find_nearest_correlation
from training.synthetic.sampling.marginals import Floats

MAX_CROSS_CORRELATION = 0.9
"""Traits of different blocks do not correlate more."""

MIN_SCORE_VARIANCE = 0.05
"""Scores that vary less show too little of their trait for their correlations to be undone."""


@dataclass(frozen=True, kw_only=True)
class TraitBlock:
    """Traits measured together: those of the form, of a table's rows, or of clients at once."""

    names: tuple[str, ...]
    trait_estimates: Floats
    """By client and trait, an unbiased reading of the trait, unknown as NaN."""
    correlation: Floats | None = None
    """Among the block's own traits, where that is known better than from the readings."""


def build_row_trait_block(table: str, components: VarianceComponents) -> TraitBlock:
    return TraitBlock(
        names=tuple(f"{table}: {name}" for name in components.names),
        trait_estimates=components.trait_estimates,
        correlation=components.between_correlation,
    )


def build_trait_block(
    names: Sequence[str], scores: Floats, correlation: Floats | None = None
) -> TraitBlock:
    """Traits that each client shows once; steps are undone as in `levels`."""
    centred = scores - np.nanmean(scores, axis=0)
    variance = np.maximum(np.nanvar(centred, axis=0), MIN_SCORE_VARIANCE)
    return TraitBlock(
        names=tuple(names), trait_estimates=centred / variance, correlation=correlation
    )


def estimate_block_correlation(blocks: Sequence[TraitBlock]) -> Floats:
    """The correlation of all traits, blocks in their order."""
    correlation = _estimate_shrunk_covariance(
        np.column_stack([block.trait_estimates for block in blocks])
    )
    start = 0
    for block in blocks:
        end = start + len(block.names)
        if block.correlation is not None:
            correlation[start:end, start:end] = block.correlation
        start = end
    np.fill_diagonal(correlation, 1.0)
    return find_nearest_correlation(correlation)


def _estimate_shrunk_covariance(trait_estimates: Floats) -> Floats:
    """Pairwise covariance, less what chance alone would make of it."""
    known = np.isfinite(trait_estimates)
    filled = np.where(known, trait_estimates - np.nanmean(trait_estimates, axis=0), 0.0)
    weight = known.astype(float)
    pairs = np.maximum(weight.T @ weight, 1)
    covariance = filled.T @ filled / pairs
    chance_variance = (filled**2).T @ filled**2 / pairs**2
    shrinkage = np.maximum(1 - chance_variance / np.maximum(covariance**2, 1e-12), 0.0)
    return np.asarray(
        np.clip(covariance * shrinkage, -MAX_CROSS_CORRELATION, MAX_CROSS_CORRELATION)
    )
