"""Estimate the correlations between traits of forms and traits of histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.synthetic.calibration.variance_components import VarianceComponents
from training.synthetic.sampling.latent_traits import find_nearest_correlation
from training.synthetic.sampling.marginals import Floats

MAX_CROSS_CORRELATION = 0.9
"""Upper bound of correlations between traits of different blocks."""

MIN_SCORE_VARIANCE = 0.05
"""Scores with less variance show too little of their trait to correct their correlations."""


@dataclass(frozen=True, kw_only=True)
class TraitBlock:
    """Traits observed together: those of the form, of a table's rows, or of whole clients."""

    names: tuple[str, ...]
    trait_estimates: Floats
    """Unbiased estimates of traits, clients x traits, NaN where unknown."""
    correlation: Floats | None = None
    """Correlation within the block, where another method estimates it better."""


def build_row_trait_block(table: str, components: VarianceComponents) -> TraitBlock:
    return TraitBlock(
        names=tuple(f"{table}: {name}" for name in components.names),
        trait_estimates=components.trait_estimates,
        correlation=components.between_correlation,
    )


def build_trait_block(
    names: Sequence[str], scores: Floats, correlation: Floats | None = None
) -> TraitBlock:
    """Build the block of traits observed once per client, corrected for steps.

    `variance_components` explains the correction.
    """
    centred = scores - np.nanmean(scores, axis=0)
    variance = np.maximum(np.nanvar(centred, axis=0), MIN_SCORE_VARIANCE)
    return TraitBlock(
        names=tuple(names), trait_estimates=centred / variance, correlation=correlation
    )


def estimate_block_correlation(blocks: Sequence[TraitBlock]) -> Floats:
    """Estimate the correlation of all traits, in the order of the blocks."""
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
    """Return the pairwise covariance, shrunk by its sampling error."""
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
