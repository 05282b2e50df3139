"""What one model is worth beside another on the same clients, with intervals.

Both are measured on the same resamples: what chance does to both cancels out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import Labels, Material
from training.metrics.bootstrap import Interval, Ranking, interval, resamples
from training.model.calibration import calibrated_unseen
from training.model.trainer import out_of_fold

MEASURES = ("auc", "business_score")


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What a measure is, or by how much it is higher than another's."""

    value: float
    interval: Interval

    @property
    def real(self) -> bool:
        """Whether chance alone does not explain it: its interval leaves out nothing's 0."""
        return not self.interval.low <= 0 <= self.interval.high


@dataclass(frozen=True, kw_only=True)
class Resampled:
    """Measures of one model's risks on the clients as they are, then on every resample."""

    told: Mapping[str, Floats]

    @classmethod
    def of(cls, labels: Labels, risks: Floats, policy: Policy, *, seed: int) -> Resampled:
        ranking = Ranking(labels, risks)
        weights = (np.ones(len(labels)), *resamples(len(labels), seed))
        rows = [ranking.measures(weight, policy) for weight in weights]
        return cls(told={name: np.array([row[name] for row in rows]) for name in MEASURES})

    def level(self, measure: str) -> Gain:
        return _gain(self.told[measure])

    def over(self, other: Resampled, measure: str) -> Gain:
        """How much higher the measure is than the other's; both from the same seed."""
        return _gain(self.told[measure] - other.told[measure])


def measured(
    material: Material,
    parameters: Mapping[str, Any],
    policy: Policy,
    *,
    seed: int,
    progress: Callable[[int], object],
) -> tuple[Resampled, Resampled]:
    """A fit's out-of-fold risks, before calibration and calibrated by the other folds.

    Args:
        progress: Told of every fold, `FOLDS` steps.
    """
    unseen = out_of_fold(material, seed=seed, progress=progress, parameters=parameters)
    raw = 1 / (1 + np.exp(-unseen.raw))
    risks = calibrated_unseen(unseen.raw, material.labels, unseen.fold)
    before, after = (
        Resampled.of(material.labels, told, policy, seed=seed) for told in (raw, risks)
    )
    return before, after


def _gain(values: Floats) -> Gain:
    return Gain(value=float(values[0]), interval=interval(values[1:].tolist()))
