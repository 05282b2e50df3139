"""Locate a client in the training population, which is kept as counts and never as rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from credit.frozen_model import FrozenModel

RISK_QUINTILE_COUNT = 5
"""Clients are grouped by quintile of predicted risk; "similar" means the same quintile."""


class Bin(FrozenModel):
    """Numbers of clients with a value in one range, or with one category."""

    low: float | None
    high: float | None
    word: str | None
    without_difficulties: int
    with_difficulties: int


class Position(FrozenModel):
    """The position of a client in the distribution of one feature."""

    feature: str
    value: float | str | None
    similar: bool
    bins: tuple[Bin, ...]
    unknown: int
    """Number of clients with an unknown value."""
    mean_without_difficulties: float | None
    mean_with_difficulties: float | None
    percentile: float | None
    """Share of clients with a smaller or equal value, 0 to 1; null for categories and unknown."""


class Distribution(FrozenModel):
    """The distribution of one feature among the training clients."""

    edges: tuple[float, ...] = ()
    """Edges between the bins of a number; the first and the last bin are open."""
    words: tuple[str, ...] = ()
    """Bins of a categorical feature."""
    counts: tuple[tuple[tuple[int, int], ...], ...]
    """By risk quintile, then bin: clients without and with difficulties."""
    unknown: tuple[int, ...]
    """By risk quintile: number of clients with an unknown value."""
    means: tuple[tuple[float | None, float | None], ...] = ()
    """By risk quintile: means of clients without and with difficulties; numbers only."""
    quantiles: tuple[float, ...] = ()
    """Quantiles at 0, 5, ... 100 %."""

    def locate_client(
        self, feature: str, value: float | str | None, *, risk_quintile: int | None = None
    ) -> Position:
        """Return a client's position in this distribution.

        Args:
            feature: Name of the feature.
            value: The client's value; None if unknown.
            risk_quintile: Compare with the clients of this quintile only.
        """
        quintiles = range(RISK_QUINTILE_COUNT) if risk_quintile is None else (risk_quintile,)
        bin_counts = [
            (
                sum(self.counts[q][b][0] for q in quintiles),
                sum(self.counts[q][b][1] for q in quintiles),
            )
            for b in range(len(self.counts[0]))
        ]
        return Position(
            feature=feature,
            value=value,
            similar=risk_quintile is not None,
            bins=tuple(self._build_bins(bin_counts)),
            unknown=sum(self.unknown[q] for q in quintiles),
            mean_without_difficulties=self._compute_mean(0, quintiles),
            mean_with_difficulties=self._compute_mean(1, quintiles),
            percentile=self._compute_percentile(value),
        )

    def _build_bins(self, bin_counts: Sequence[tuple[int, int]]) -> list[Bin]:
        lows: list[float | None] = [None, *self.edges]
        highs: list[float | None] = [*self.edges, None]
        return [
            Bin(
                low=None if self.words else lows[index],
                high=None if self.words else highs[index],
                word=self.words[index] if self.words else None,
                without_difficulties=good,
                with_difficulties=bad,
            )
            for index, (good, bad) in enumerate(bin_counts)
        ]

    def _compute_mean(self, label: int, quintiles: Sequence[int]) -> float | None:
        """Return the mean of some quintiles, weighted by their clients with a known value."""
        known_counts = {q: sum(pair[label] for pair in self.counts[q]) for q in quintiles}
        means_and_counts = [
            (self.means[q][label], known_counts[q])
            for q in quintiles
            if self.means and known_counts[q]
        ]
        known_means = [(mean, count) for mean, count in means_and_counts if mean is not None]
        total = sum(count for _, count in known_means)
        return sum(mean * count for mean, count in known_means) / total if total else None

    def _compute_percentile(self, value: float | str | None) -> float | None:
        """Interpolate linearly between the quantiles around the value."""
        if not isinstance(value, float) or not self.quantiles:
            return None
        upper_index = bisect_right(self.quantiles, value)
        if upper_index in {0, len(self.quantiles)}:
            return 0.0 if upper_index == 0 else 1.0
        low, high = self.quantiles[upper_index - 1], self.quantiles[upper_index]
        return (upper_index - 1 + (value - low) / (high - low)) / (len(self.quantiles) - 1)


class JointDistribution(FrozenModel):
    """The joint distribution of two features: counts over a grid of their bins."""

    edges: tuple[tuple[float, ...], tuple[float, ...]]
    counts: tuple[tuple[tuple[int, int], ...], ...]
    """By bin of the first, then of the second: clients without and with difficulties."""

    def transpose(self) -> JointDistribution:
        """Exchange the two features."""
        return JointDistribution(
            edges=self.edges[::-1], counts=tuple(zip(*self.counts, strict=True))
        )


class CrossedPosition(JointDistribution):
    """The position of a client in the joint distribution of two features."""

    feature: str
    by: str
    values: tuple[float | str | None, float | str | None]


class Population(FrozenModel):
    """Distributions of the training clients, by feature and by pair of features."""

    risk_edges: tuple[float, ...]
    """Edges between the quintiles of predicted risk."""
    spreads: dict[str, Distribution]
    crossings: dict[str, JointDistribution]
    """Of the most important features, under `first*second`."""

    def risk_quintile(self, risk: float) -> int:
        return bisect_right(self.risk_edges, risk)

    def find_joint_distribution(self, feature: str, by: str) -> JointDistribution | None:
        """Two features crossed, in either order; None when they are not among those kept."""
        if match := self.crossings.get(f"{feature}*{by}"):
            return match
        reverse_match = self.crossings.get(f"{by}*{feature}")
        return reverse_match.transpose() if reverse_match else None

    @property
    def crossed_features(self) -> list[str]:
        """The features that are kept crossed with one another."""
        return sorted({name for pair in self.crossings for name in pair.split("*")})
