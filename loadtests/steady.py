"""Does a soak stay flat? Memory of the service, and latency, early and late in the run."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import nan
from pathlib import Path
from statistics import median

import psutil

from loadtests.budget import Kept, Over
from loadtests.shapes import WARM_UP

EARLY, LATE = (2 * WARM_UP, 4 * WARM_UP), (1 - 2 * WARM_UP, 1.0)
"""Shares of a run: when everybody has come and everything is warm, and the end."""

Course = Sequence[tuple[float, float]]
"""Values and when each was seen, in any unit of time."""


def grown(courses: Mapping[Kept, Course], most: Mapping[Kept, float]) -> list[Over]:
    """What grew by more than it may, or may have, since it is not known."""
    found = {what: growth(course) for what, course in courses.items()}
    return [
        Over(name="soak", what=f"growth of {what}", got=got, most=most[what])
        for what, got in found.items()
        if not got <= most[what]
    ]


def growth(course: Course) -> float:
    """What the median is higher late than early, as a share of what it was early.

    NaN where nothing was seen early or late, as in a run too short, or of a service that died.

    >>> growth([(t, 100 + t) for t in range(100)])
    0.463...
    """

    def level(between: tuple[float, float]) -> float:
        start, end = course[0][0], course[-1][0]
        first, last = (start + share * (end - start) for share in between)
        seen = [value for moment, value in course if first <= moment <= last]
        return median(seen) if seen else nan

    if not course:
        return nan

    return level(LATE) / level(EARLY) - 1


def memory(process: int) -> int:
    """Bytes that a process and all it has started hold resident, shared ones each time.

    None of one that has ended.
    """
    held = 0
    with suppress(psutil.NoSuchProcess):
        whole = psutil.Process(process)
        for one in (whole, *whole.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # a worker that is being replaced
                held += one.memory_info().rss
    return held


def latencies(history: Path) -> Course:
    """Median milliseconds of the last seconds' calls, from locust's CSV of a run's course."""
    with history.open(newline="") as lines:
        return [
            (float(row["Timestamp"]), float(row["50%"]))
            for row in csv.DictReader(lines)
            if row["Name"] == "Aggregated" and row["50%"] != "N/A"
        ]


def keep_memory(seen: Course, path: Path) -> None:
    """Write what was seen of the service's memory, seconds and bytes."""
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(("seconds", "bytes"))
        writer.writerows((f"{moment:.1f}", int(held)) for moment, held in seen)
