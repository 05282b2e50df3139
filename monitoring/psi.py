"""Population stability index (PSI) of binned samples, and the part that chance alone explains.

counts of the reference ─┐
                         ├──► PSI, noise ──► drifted?
counts of the current ───┘
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from credit.dossier import Floats, Integers

DRIFT_PSI_THRESHOLD = 0.15**2
"""PSI of a relevant change: bins gain or lose 15 % of their clients (root mean square). A normally
distributed column does so when it shifts by 0.15 standard deviations.

PSI is close to the mean square of the bins' relative changes, which is Cohen's effect size
squared: 0.01 is a small effect, 0.09 a medium one (*Statistical Power Analysis*, 1988, §7.2). The
customary 0.1 was made for scores. On single columns it only detects shifts above a third of a
standard deviation. It would miss that AMT_ANNUITY (0.035) differs between Home Credit's train and
test files.
"""

MODERATE_PSI, MAJOR_PSI = 0.1, 0.25
"""Customary thresholds of credit scoring (Yurdakul 2018, §1); they grade the severity of drift."""

FALSE_ALARM_RATE = 1e-4
"""Probability that chance counts as drift in a column: about one false alarm in 80 reports."""

MIN_BIN_SHARE = 1e-4
"""Smallest share added to every bin. It keeps a new value of one client in ten thousand from
weighing like a new population."""


@dataclass(frozen=True, kw_only=True)
class Psi:
    """The PSI of two samples, and the limit above which it counts as drift."""

    value: float
    """0 for equal shares; no upper bound."""
    noise: float
    """PSI that chance alone exceeds with probability `FALSE_ALARM_RATE` at these sample sizes."""

    @property
    def limit(self) -> float:
        """Return the PSI above which a column counts as drifted."""
        return max(DRIFT_PSI_THRESHOLD, self.noise)

    @property
    def is_beyond_chance(self) -> bool:
        return self.value > self.noise

    @property
    def has_drifted(self) -> bool:
        """Return True if the change is relevant and beyond what chance does in small samples."""
        return self.value > self.limit


def compute_psi(reference: Integers, current: Integers) -> Psi:
    """Compute the PSI of two histograms: sum of (c - r) ln(c / r) over the bins' shares c and r.

    To avoid empty bins, add the share of half a client of the smaller sample to every bin, or
    `MIN_BIN_SHARE` if that is more. Bins that are empty in both samples do not count.

    For two samples of n and m clients from one population, PSI is approximately (1/n + 1/m) times
    a chi-square variable with bins - 1 degrees of freedom. The noise is a quantile of it: B.
    Yurdakul, *Statistical Properties of Population Stability Index* (Western Michigan University,
    2018). With ten bins and a hundred clients against many, the PSI averages 0.09 without any
    drift, and only more than 0.34 counts as drift.

    >>> same = compute_psi(np.array([500, 300, 200]), np.array([50, 30, 20]))
    >>> same.value, same.has_drifted
    (0.0, False)
    >>> moved = compute_psi(np.array([500, 300, 200]), np.array([200, 300, 500]))
    >>> round(moved.value, 2), round(moved.noise, 2), moved.has_drifted
    (0.55, 0.04, True)
    >>> few = compute_psi(np.array([50, 30, 20]), np.array([5, 3, 8]))
    >>> round(few.value, 2), round(few.noise, 2), few.has_drifted
    (0.35, 1.34, False)

    Args:
        reference: Reference clients per bin, shape (bins,); at least one client.
        current: Current clients per bin, shape (bins,); at least one client.
    """
    is_occupied = (reference + current) > 0
    n, m = int(reference.sum()), int(current.sum())
    floor = max(0.5 / min(n, m), MIN_BIN_SHARE)
    before = _smooth_shares(reference[is_occupied], floor)
    after = _smooth_shares(current[is_occupied], floor)
    value = float(((after - before) * np.log(after / before)).sum())
    degrees_of_freedom = int(is_occupied.sum()) - 1
    quantile = float(chdtri(degrees_of_freedom, FALSE_ALARM_RATE)) if degrees_of_freedom else 0.0
    noise = (1 / n + 1 / m) * quantile
    return Psi(value=value, noise=noise)


def _smooth_shares(counts: Integers, floor: float) -> Floats:
    """Return shares that add up to 1 with none at 0.

    The floor is added to every bin, so equal distributions stay equal.
    """
    shares: Floats = (counts / counts.sum() + floor) / (1 + floor * len(counts))
    return shares
