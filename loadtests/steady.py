"""Does a soak stay flat? Memory of the service, and latency, early and late in the run."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import nan
from pathlib import Path
from statistics import median

import psutil

from loadtests.budget import BudgetViolation, StableMetric
from loadtests.shapes import WARM_UP_SHARE

EARLY_PERIOD, LATE_PERIOD = (2 * WARM_UP_SHARE, 4 * WARM_UP_SHARE), (1 - 2 * WARM_UP_SHARE, 1.0)
"""Shares of a run: when everybody has come and everything is warm, and the end."""

TimeSeries = Sequence[tuple[float, float]]
"""Values and when each was seen, in any unit of time."""


def find_growth_violations(
    series_by_metric: Mapping[StableMetric, TimeSeries], limits: Mapping[StableMetric, float]
) -> list[BudgetViolation]:
    """What grew by more than it may, or may have, since it is not known."""
    growth_by_metric = {
        metric: compute_growth(series) for metric, series in series_by_metric.items()
    }
    return [
        BudgetViolation(
            call_name="soak", metric=f"growth of {metric}", measured=measured, limit=limits[metric]
        )
        for metric, measured in growth_by_metric.items()
        if not measured <= limits[metric]
    ]


def compute_growth(series: TimeSeries) -> float:
    """What the median is higher late than early, as a share of what it was early.

    NaN where nothing was seen early or late, as in a run too short, or of a service that died.

    >>> growth([(t, 100 + t) for t in range(100)])
    0.463...
    """

    def median_within(period: tuple[float, float]) -> float:
        start, end = series[0][0], series[-1][0]
        first, last = (start + share * (end - start) for share in period)
        values = [value for moment, value in series if first <= moment <= last]
        return median(values) if values else nan

    if not series:
        return nan

    return median_within(LATE_PERIOD) / median_within(EARLY_PERIOD) - 1


def measure_memory_bytes(pid: int) -> int:
    """Bytes that a process and all it has started hold resident, shared ones each time.

    None of one that has ended.
    """
    total_bytes = 0
    with suppress(psutil.NoSuchProcess):
        root_process = psutil.Process(pid)
        for member_process in (root_process, *root_process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # a worker that is being replaced
                total_bytes += member_process.memory_info().rss
    return total_bytes


def read_latencies(history: Path) -> TimeSeries:
    """Median milliseconds of the last seconds' calls, from locust's CSV of a run's course."""
    with history.open(newline="") as lines:
        return [
            (float(row["Timestamp"]), float(row["50%"]))
            for row in csv.DictReader(lines)
            if row["Name"] == "Aggregated" and row["50%"] != "N/A"
        ]


def write_memory_csv(samples: TimeSeries, path: Path) -> None:
    """Write what was seen of the service's memory, seconds and bytes."""
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(("seconds", "bytes"))
        writer.writerows((f"{moment:.1f}", int(memory_bytes)) for moment, memory_bytes in samples)
