"""Check that memory and latency do not grow during a soak test."""

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
"""Start and end as shares of a run: the period after warm-up, and the end of the run."""

TimeSeries = Sequence[tuple[float, float]]
"""Pairs of time and value, ascending; any unit of time."""


def find_growth_violations(
    series_by_metric: Mapping[StableMetric, TimeSeries], limits: Mapping[StableMetric, float]
) -> list[BudgetViolation]:
    """Return the metrics with growth above the limit or unknown (NaN)."""
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
    """Compute the relative growth of the median from the early to the late period.

    Returns:
        The growth, 0 for none; NaN if a period has no values, as when the run was too short or
        the service ended.

    >>> compute_growth([(t, 100 + t) for t in range(100)])
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
    """Return the resident memory of a process and its descendants, in bytes.

    Shared pages count once per process. A process that has ended counts 0.
    """
    total_bytes = 0
    with suppress(psutil.NoSuchProcess):
        root_process = psutil.Process(pid)
        for member_process in (root_process, *root_process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # a worker that is being replaced
                total_bytes += member_process.memory_info().rss
    return total_bytes


def read_latencies(history: Path) -> TimeSeries:
    """Read the median latency over time, in milliseconds, from locust's CSV of a run's history."""
    with history.open(newline="") as lines:
        return [
            (float(row["Timestamp"]), float(row["50%"]))
            for row in csv.DictReader(lines)
            if row["Name"] == "Aggregated" and row["50%"] != "N/A"
        ]


def write_memory_csv(samples: TimeSeries, path: Path) -> None:
    """Write the memory of the service over time, in seconds and bytes."""
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(("seconds", "bytes"))
        writer.writerows((f"{moment:.1f}", int(memory_bytes)) for moment, memory_bytes in samples)
