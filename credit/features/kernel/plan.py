"""How the lanes of features are laid, so that one call computes a statistic of many of them.

Most of what is said of a lane is a sum or an extreme. Each lane is laid once for its sums, those
with extremes side by side; the few of which more is said are laid again, statistic by statistic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from credit.features.declaration.history_features import Statistic

SeriesKey = TypeVar("SeriesKey", bound=Hashable)

ADDITIVE_STATISTICS = (Statistic.COUNT, Statistic.SUM, Statistic.MEAN)
EXTREME_STATISTICS = (Statistic.MAX, Statistic.MIN)

SERIES_SORT_ORDER = [set(), {Statistic.MAX}, {Statistic.MAX, Statistic.MIN}, {Statistic.MIN}]
"""By their extremes, lanes in this order: those with either lie in one stretch."""


@dataclass(frozen=True)
class Run:
    """Lanes that lie side by side, and what is said of all of them."""

    first: int
    end: int
    output_rows: Mapping[str, int]
    """Of each statistic, by its word: where among all that is told that of the first lane stands.
    Those of the next lanes follow."""


@dataclass(frozen=True, kw_only=True)
class AggregationPlan(Generic[SeriesKey]):
    """Lanes, where which statistics are told of them, and which of the told are features."""

    series: Sequence[SeriesKey]
    runs: Sequence[Run]
    output_statistics: Sequence[Statistic]
    feature_rows: Sequence[int]
    """Of each feature: where among all that is told it stands."""


def plan_aggregations(
    features: Sequence[tuple[SeriesKey, Statistic]],
) -> AggregationPlan[SeriesKey]:
    """The lanes of these features.

    >>> laid = arranged([("a", Statistic.MEAN), ("b", Statistic.LAST), ("a", Statistic.SUM)])
    >>> laid.lanes, [(one.first, one.end) for one in laid.stretches]
    (['a', 'b', 'b'], [(0, 2), (2, 3)])
    """
    statistics_by_series: defaultdict[SeriesKey, set[Statistic]] = defaultdict(set)
    for series_key, statistic in features:
        statistics_by_series[series_key].add(statistic)
    sorted_keys = sorted(
        statistics_by_series,
        key=lambda series_key: SERIES_SORT_ORDER.index(
            statistics_by_series[series_key] & set(EXTREME_STATISTICS)
        ),
    )
    series = list(sorted_keys)
    outputs: list[tuple[SeriesKey, Statistic]] = []
    runs = []
    for statistics in (
        ADDITIVE_STATISTICS,
        *((item,) for item in Statistic if item not in ADDITIVE_STATISTICS),
    ):
        matching_indices = [
            index
            for index, series_key in enumerate(sorted_keys)
            if statistics_by_series[series_key].intersection(statistics)
        ]
        if not matching_indices:
            continue
        if statistics == ADDITIVE_STATISTICS:
            first, end = 0, len(sorted_keys)
        elif statistics[0] in EXTREME_STATISTICS:
            first, end = matching_indices[0], matching_indices[-1] + 1
        else:
            first, end = len(series), len(series) + len(matching_indices)
            series += [sorted_keys[index] for index in matching_indices]
        output_rows = {}
        for statistic in statistics:
            output_rows[statistic.key] = len(outputs)
            outputs += [(series_key, statistic) for series_key in series[first:end]]
        runs.append(Run(first, end, output_rows))
    output_index = {item: index for index, item in enumerate(outputs)}
    return AggregationPlan(
        series=series,
        runs=runs,
        output_statistics=[statistic for _, statistic in outputs],
        feature_rows=[output_index[feature] for feature in features],
    )
