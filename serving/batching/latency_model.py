"""What a batch will take, learnt from the batches that ran."""

from __future__ import annotations

MEMORY = 0.98
"""What a batch still counts after the next one: the last fifty are what matters."""

SPREAD = 0.01
"""Least variance of the weights, as a share of their squared mean, that a slope is read from."""

WORTH = 3.0
"""How many times its fixed time a batch may always spend on its items."""


class Cost:
    """Seconds as a line over a batch's weight: so much for any batch, so much for every unit.

    Least squares with exponentially fading counts. Until batches of different weights were seen,
    a batch is taken to last as long as the last ones, whatever its weight: the queue's own bound
    holds, and nobody is refused on a guess.

    >>> cost = Cost()
    >>> for weight, seconds in ((1, 0.003), (4, 0.006), (16, 0.018)):
    ...     cost.learn(weight, seconds)
    >>> round(cost.seconds(8), 6)
    0.01
    """

    def __init__(self) -> None:
        self._n = self._w = self._s = self._ww = self._ws = 0.0
        self.fixed = self.unit = 0.0

    def learn(self, weight: float, seconds: float) -> None:
        """Take in that a batch of this weight took this long."""
        self._n = MEMORY * self._n + 1
        self._w = MEMORY * self._w + weight
        self._s = MEMORY * self._s + seconds
        self._ww = MEMORY * self._ww + weight * weight
        self._ws = MEMORY * self._ws + weight * seconds
        mean = self._w / self._n
        variance = self._ww / self._n - mean * mean
        self.unit = 0.0
        if variance > SPREAD * mean * mean:
            together = self._ws / self._n - mean * self._s / self._n
            self.unit = min(max(together / variance, 0.0), self._s / self._w)
        self.fixed = self._s / self._n - self.unit * mean

    def seconds(self, weight: float) -> float:
        """What a batch of this weight will take."""
        return self.fixed + self.unit * weight

    def affordable(self, seconds: float) -> float:
        """The weight of a batch that takes this long, or of one that is worth its fixed time.

        Where the machine is short of time even a batch of one takes long; small batches would
        then cost the most when there is the least.
        """
        left = max(seconds - self.fixed, WORTH * self.fixed)
        return left / self.unit if self.unit else float("inf")
