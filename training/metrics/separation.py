"""Compute the curves behind lift and KS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_curve

from credit.dossier import Floats
from training.data.dataset import Labels


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Cumulative shares of good and difficult clients by risk, in ascending order of risk."""

    risks: Floats
    good: Floats
    """Share of the clients without difficulties that have at most this risk."""
    difficult: Floats
    """Share of the clients with difficulties that have at most this risk."""

    @property
    def widest(self) -> int:
        """Return the index of the widest gap between the two."""
        return int((self.good - self.difficult).argmax())

    @property
    def ks(self) -> float:
        """Return the Kolmogorov-Smirnov statistic, the width of that gap."""
        return float(self.good[self.widest] - self.difficult[self.widest])


def compute_separation(labels: Labels, risks: Floats) -> Separation:
    """Return the cumulative shares at every distinct risk."""
    levels, index = np.unique(risks, return_inverse=True)
    good = np.bincount(index[labels == 0], minlength=len(levels))
    difficult = np.bincount(index[labels == 1], minlength=len(levels))
    return Separation(
        risks=levels,
        good=np.cumsum(good) / good.sum(),
        difficult=np.cumsum(difficult) / difficult.sum(),
    )


def compute_lift(labels: Labels, risks: Floats) -> tuple[Floats, Floats]:
    """Return shares of clients, the riskiest first, and the lift in each of them.

    Lift is the difficulty rate of the share divided by the rate of all clients. Clients of equal
    risk are in the same share.
    """
    false_positive_rates, recalls, _ = roc_curve(labels, risks, drop_intermediate=False)
    rate = float(labels.mean())
    shares = recalls * rate + false_positive_rates * (1 - rate)
    return shares[1:], recalls[1:] / shares[1:]
