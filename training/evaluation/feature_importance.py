"""Measure the global importance of features by contributions of many clients."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from credit.dossier import Floats
from credit.features import CATALOGUE, Matrix

MAX_EXPLAINED_CLIENTS = 2_000
"""Size of the sample for the global importance, which is stable well before."""


@dataclass(frozen=True, kw_only=True)
class ExplanationSample:
    """A sample of clients with their contributions."""

    matrix: Matrix
    contributions: Floats
    """Shape (clients, features + 1), log-odds, the base last."""

    @property
    def importance(self) -> dict[str, float]:
        """Return the mean absolute contribution in log-odds, by feature."""
        weights = np.abs(self.contributions[:, :-1]).mean(axis=0)
        return dict(zip(CATALOGUE, weights.tolist(), strict=True))


def explain_sample(booster: lgb.Booster, matrix: Matrix, *, seed: int) -> ExplanationSample:
    """Explain a random sample of clients."""
    rows = np.random.default_rng(seed).permutation(len(matrix))[:MAX_EXPLAINED_CLIENTS]
    contributions = np.asarray(booster.predict(matrix[rows], pred_contrib=True))
    return ExplanationSample(matrix=matrix[rows], contributions=contributions)
