"""Order the series so that one call computes a statistic of many of them.

Most statistics are sums or extremes. Each series appears once, and its count, sum and mean are
computed from there. Series are sorted so that those with a maximum are adjacent, and those with a
minimum too. The few series with other statistics are appended again, once for each statistic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from credit.features.declaration.statistic import Statistic

SeriesKey = TypeVar("SeriesKey", bound=Hashable)

ADDITIVE_STATISTICS = (Statistic.COUNT, Statistic.SUM, Statistic.MEAN)
EXTREME_STATISTICS = (Statistic.MAX, Statistic.MIN)

SERIES_SORT_ORDER = [set(), {Statistic.MAX}, {Statistic.MAX, Statistic.MIN}, {Statistic.MIN}]
"""Sort order of series by the extremes that they need: series with either one are contiguous."""


@dataclass(frozen=True)
class Run:
    """A range of adjacent series, `first` to `end` exclusive, and the statistics of all of them."""

    first: int
    end: int
    output_rows: Mapping[str, int]
    """Maps each statistic's key to the output row of the run's first series; the following series
    use the next rows."""


@dataclass(frozen=True, kw_only=True)
class AggregationPlan(Generic[SeriesKey]):
    """The order of series, the runs to compute, and the output rows that are features."""

    series: Sequence[SeriesKey]
    runs: Sequence[Run]
    output_statistics: Sequence[Statistic]
    """Statistic of each output row. A run computes it for all its series, needed or not."""
    feature_rows: Sequence[int]
    """Output row of each feature."""


def plan_aggregations(
    features: Sequence[tuple[SeriesKey, Statistic]],
) -> AggregationPlan[SeriesKey]:
    """Plan the computation of features, each given as a series and a statistic.

    >>> plan = plan_aggregations([("a", Statistic.MEAN), ("b", Statistic.LAST)])
    >>> plan.series, [(run.first, run.end) for run in plan.runs]
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
