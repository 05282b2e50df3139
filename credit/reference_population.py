"""A client among the clients the model was trained on: counts only, never a client's row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

FIFTHS = 5
"""Clients are told apart by fifths of predicted risk; "similar" means the same fifth."""


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bin(Frozen):
    """Clients whose value lies in one range, or is one word."""

    low: float | None
    high: float | None
    word: str | None
    without_difficulties: int
    with_difficulties: int


class Position(Frozen):
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


class Spread(Frozen):
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

    def position(
        self, feature: str, value: float | str | None, *, fifth: int | None = None
    ) -> Position:
        """A client's place.

        Args:
            fifth: Compare with this fifth of risk only.
        """
        chosen = range(FIFTHS) if fifth is None else (fifth,)
        summed = [
            (sum(self.counts[f][b][0] for f in chosen), sum(self.counts[f][b][1] for f in chosen))
            for b in range(len(self.counts[0]))
        ]
        return Position(
            feature=feature,
            value=value,
            similar=fifth is not None,
            bins=tuple(self._bins(summed)),
            unknown=sum(self.unknown[f] for f in chosen),
            mean_without_difficulties=self._mean(0, chosen),
            mean_with_difficulties=self._mean(1, chosen),
            percentile=self._percentile(value),
        )

    def _bins(self, summed: Sequence[tuple[int, int]]) -> list[Bin]:
        lows: list[float | None] = [None, *self.edges]
        highs: list[float | None] = [*self.edges, None]
        return [
            Bin(
                low=None if self.words else lows[place],
                high=None if self.words else highs[place],
                word=self.words[place] if self.words else None,
                without_difficulties=good,
                with_difficulties=bad,
            )
            for place, (good, bad) in enumerate(summed)
        ]

    def _mean(self, label: int, fifths: Sequence[int]) -> float | None:
        """The mean over some fifths, each by how many of its clients have a known value."""
        known = {f: sum(pair[label] for pair in self.counts[f]) for f in fifths}
        means = [(self.means[f][label], known[f]) for f in fifths if self.means and known[f]]
        told = [(mean, count) for mean, count in means if mean is not None]
        total = sum(count for _, count in told)
        return sum(mean * count for mean, count in told) / total if total else None

    def _percentile(self, value: float | str | None) -> float | None:
        """Linear between the quantiles that enclose the value."""
        if not isinstance(value, float) or not self.quantiles:
            return None
        above = bisect_right(self.quantiles, value)
        if above in {0, len(self.quantiles)}:
            return 0.0 if above == 0 else 1.0
        low, high = self.quantiles[above - 1], self.quantiles[above]
        return (above - 1 + (value - low) / (high - low)) / (len(self.quantiles) - 1)


class Crossing(Frozen):
    """How two features go together: counts over a grid of their bins."""

    edges: tuple[tuple[float, ...], tuple[float, ...]]
    counts: tuple[tuple[tuple[int, int], ...], ...]
    """By bin of the first, then of the second: clients without and with difficulties."""

    def turned(self) -> Crossing:
        """The same with the features in the other order."""
        return Crossing(edges=self.edges[::-1], counts=tuple(zip(*self.counts, strict=True)))


class CrossedPosition(Crossing):
    """Where a client stands among others, by two features at once."""

    feature: str
    by: str
    values: tuple[float | str | None, float | str | None]


class Population(Frozen):
    """The training clients, feature by feature and pair by pair."""

    risk_edges: tuple[float, ...]
    """Between the fifths of predicted risk."""
    spreads: dict[str, Spread]
    crossings: dict[str, Crossing]
    """Of the most important features, under `first*second`."""

    def fifth(self, risk: float) -> int:
        return bisect_right(self.risk_edges, risk)

    def crossing(self, feature: str, by: str) -> Crossing | None:
        """Two features crossed, in either order; None when they are not among those kept."""
        if found := self.crossings.get(f"{feature}*{by}"):
            return found
        turned = self.crossings.get(f"{by}*{feature}")
        return turned.turned() if turned else None

    @property
    def crossed(self) -> list[str]:
        """The features that are kept crossed with one another."""
        return sorted({name for pair in self.crossings for name in pair.split("*")})
