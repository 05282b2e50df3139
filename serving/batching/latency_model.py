"""Predict the duration of a batch from the batches that ran before."""

from __future__ import annotations

FORGETTING_FACTOR = 0.98
"""Weight of a batch relative to the next one: about the last 50 batches count."""

MIN_RELATIVE_VARIANCE = 0.01
"""Minimum variance of the weights over their squared mean; below it the slope is taken as 0."""

MIN_VARIABLE_TO_FIXED_RATIO = 3.0
"""A batch may always spend this many times its fixed time on its items."""


class LatencyModel:
    """Predicts seconds as a line over a batch's weight: fixed seconds plus seconds per weight.

    The line is fitted by least squares with exponential forgetting. Until batches of different
    weights have run, a batch is expected to take as long as the last ones whatever its weight.
    Then only the length of the queue limits admission.

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
        """Learn that a batch of this weight took this long."""
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
        """Return the expected seconds of a batch of this weight."""
        return self.fixed_seconds + self.seconds_per_weight * weight

    def max_weight(self, seconds: float) -> float:
        """Return the weight of a batch that takes this long, or of the minimum batch if larger.

        On an overloaded machine even a batch of one takes long. Small batches would then waste
        the most time when there is least of it, so that a batch may always spend
        `MIN_VARIABLE_TO_FIXED_RATIO` times its fixed time on its items.
        """
        available_seconds = max(
            seconds - self.fixed_seconds, MIN_VARIABLE_TO_FIXED_RATIO * self.fixed_seconds
        )
        return (
            available_seconds / self.seconds_per_weight
            if self.seconds_per_weight
            else float("inf")
        )
