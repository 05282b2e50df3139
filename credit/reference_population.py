"""A client among the clients the model was trained on: counts only, never a client's row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

RISK_QUINTILE_COUNT = 5
"""Clients are told apart by fifths of predicted risk; "similar" means the same fifth."""


class FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bin(FrozenModel):
    """Clients whose value lies in one range, or is one word."""

    low: float | None
    high: float | None
    word: str | None
    without_difficulties: int
    with_difficulties: int


class Position(FrozenModel):
    """Where a client stands among others."""

    feature: str
    value: float | str | None
    similar: bool
    bins: tuple[Bin, ...]
    unknown: int
    """Clients whose value is unknown."""
    mean_without_difficulties: float | None
    mean_with_difficulties: float | None
    percentile: float | None
    """Share of all clients with a smaller or equal value, 0 to 1; null for words and unknown."""


class Distribution(FrozenModel):
    """How the training clients spread over one feature."""

    edges: tuple[float, ...] = ()
    """Between the bins of a number; the first and the last bin are open."""
    words: tuple[str, ...] = ()
    """The bins of a category."""
    counts: tuple[tuple[tuple[int, int], ...], ...]
    """By fifth of risk, then bin: clients without and with difficulties."""
    unknown: tuple[int, ...]
    """By fifth of risk."""
    means: tuple[tuple[float | None, float | None], ...] = ()
    """By fifth of risk: of clients without and with difficulties; of numbers only."""
    quantiles: tuple[float, ...] = ()
    """At 0, 5, ... 100 %."""

    def locate_client(
        self, feature: str, value: float | str | None, *, risk_quintile: int | None = None
    ) -> Position:
        """A client's place.

        Args:
            fifth: Compare with this fifth of risk only.
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
        """The mean over some fifths, each by how many of its clients have a known value."""
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
        """Linear between the quantiles that enclose the value."""
        if not isinstance(value, float) or not self.quantiles:
            return None
        upper_index = bisect_right(self.quantiles, value)
        if upper_index in {0, len(self.quantiles)}:
            return 0.0 if upper_index == 0 else 1.0
        low, high = self.quantiles[upper_index - 1], self.quantiles[upper_index]
        return (upper_index - 1 + (value - low) / (high - low)) / (len(self.quantiles) - 1)


class JointDistribution(FrozenModel):
    """How two features go together: counts over a grid of their bins."""

    edges: tuple[tuple[float, ...], tuple[float, ...]]
    counts: tuple[tuple[tuple[int, int], ...], ...]
    """By bin of the first, then of the second: clients without and with difficulties."""

    def transpose(self) -> JointDistribution:
        """The same with the features in the other order."""
        return JointDistribution(
            edges=self.edges[::-1], counts=tuple(zip(*self.counts, strict=True))
        )


class CrossedPosition(JointDistribution):
    """Where a client stands among others, by two features at once."""

    feature: str
    by: str
    values: tuple[float | str | None, float | str | None]


class Population(FrozenModel):
    """The training clients, feature by feature and pair by pair."""

    risk_edges: tuple[float, ...]
    """Between the fifths of predicted risk."""
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
