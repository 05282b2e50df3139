"""What a batch will take, learnt from the batches that ran."""

from __future__ import annotations

FORGETTING_FACTOR = 0.98
"""What a batch still counts after the next one: the last fifty are what matters."""

MIN_RELATIVE_VARIANCE = 0.01
"""Least variance of the weights, as a share of their squared mean, that a slope is read from."""

MIN_VARIABLE_TO_FIXED_RATIO = 3.0
"""How many times its fixed time a batch may always spend on its items."""


class LatencyModel:
    """Seconds as a line over a batch's weight: so much for any batch, so much for every unit.

    Least squares with exponentially fading counts. Until batches of different weights were seen,
    a batch is taken to last as long as the last ones, whatever its weight: the queue's own bound
    holds, and nobody is refused on a guess.

    >>> model = LatencyModel()
    >>> for weight, seconds in ((1, 0.003), (4, 0.006), (16, 0.018)):
    ...     model.update(weight, seconds)
    >>> round(model.predict(8), 6)
    0.01
    """

    def __init__(self) -> None:
        self._n = self._w = self._s = self._ww = self._ws = 0.0
        self.fixed_seconds = self.seconds_per_weight = 0.0

    def update(self, weight: float, seconds: float) -> None:
        """Take in that a batch of this weight took this long."""
        self._n = FORGETTING_FACTOR * self._n + 1
        self._w = FORGETTING_FACTOR * self._w + weight
        self._s = FORGETTING_FACTOR * self._s + seconds
        self._ww = FORGETTING_FACTOR * self._ww + weight * weight
        self._ws = FORGETTING_FACTOR * self._ws + weight * seconds
        mean = self._w / self._n
        variance = self._ww / self._n - mean * mean
        self.seconds_per_weight = 0.0
        if variance > MIN_RELATIVE_VARIANCE * mean * mean:
            covariance = self._ws / self._n - mean * self._s / self._n
            self.seconds_per_weight = min(max(covariance / variance, 0.0), self._s / self._w)
        self.fixed_seconds = self._s / self._n - self.seconds_per_weight * mean

    def predict(self, weight: float) -> float:
        """What a batch of this weight will take."""
        return self.fixed_seconds + self.seconds_per_weight * weight

    def max_weight(self, seconds: float) -> float:
        """The weight of a batch that takes this long, or of one that is worth its fixed time.

        Where the machine is short of time even a batch of one takes long; small batches would
        then cost the most when there is the least.
        """
        available_seconds = max(
            seconds - self.fixed_seconds, MIN_VARIABLE_TO_FIXED_RATIO * self.fixed_seconds
        )
        return (
            available_seconds / self.seconds_per_weight
            if self.seconds_per_weight
            else float("inf")
        )
