"""How the traits of forms and of histories go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.synthetic.calibration.variance_components import Levels
from training.synthetic.sampling.latent_traits import nearest_correlation
from training.synthetic.sampling.marginals import Numbers

MOST = 0.9
"""Traits of different blocks do not correlate more."""

LEAST_VARIANCE = 0.05
"""Scores that vary less show too little of their trait for their correlations to be undone."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Traits measured together: those of the form, of a table's rows, or of clients at once."""

    names: tuple[str, ...]
    signals: Numbers
    """By client and trait, an unbiased reading of the trait, unknown as NaN."""
    correlation: Numbers | None = None
    """Among the block's own traits, where that is known better than from the readings."""


def of_rows(table: str, found: Levels) -> Block:
    return Block(
        names=tuple(f"{table}: {name}" for name in found.names),
        signals=found.signals,
        correlation=found.client,
    )


def of_clients(names: Sequence[str], scores: Numbers, correlation: Numbers | None = None) -> Block:
    """Traits that each client shows once; steps are undone as in `levels`."""
    centred = scores - np.nanmean(scores, axis=0)
    variance = np.maximum(np.nanvar(centred, axis=0), LEAST_VARIANCE)
    return Block(names=tuple(names), signals=centred / variance, correlation=correlation)


def correlation_of(blocks: Sequence[Block]) -> Numbers:
    """The correlation of all traits, blocks in their order."""
    whole = _shrunk_covariance(np.column_stack([block.signals for block in blocks]))
    at = 0
    for block in blocks:
        end = at + len(block.names)
        if block.correlation is not None:
            whole[at:end, at:end] = block.correlation
        at = end
    np.fill_diagonal(whole, 1.0)
    return nearest_correlation(whole)


def _shrunk_covariance(signals: Numbers) -> Numbers:
    """Pairwise covariance, less what chance alone would make of it."""
    known = np.isfinite(signals)
    filled = np.where(known, signals - np.nanmean(signals, axis=0), 0.0)
    weight = known.astype(float)
    pairs = np.maximum(weight.T @ weight, 1)
    covariance = filled.T @ filled / pairs
    chance = (filled**2).T @ filled**2 / pairs**2
    kept = np.maximum(1 - chance / np.maximum(covariance**2, 1e-12), 0.0)
    return np.asarray(np.clip(covariance * kept, -MOST, MOST))
