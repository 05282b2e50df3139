"""Does a soak stay flat? Memory of the service, and latency, early and late in the run."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
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
    """What grew by more than it may, of what was watched."""
    found = {what: growth(course) for what, course in courses.items()}
    return [
        Over(name="soak", what=f"growth of {what}", got=got, most=most[what])
        for what, got in found.items()
        if got > most[what]
    ]


def growth(course: Course) -> float:
    """What the median is higher late than early, as a share of what it was early.

    >>> growth([(t, 100 + t) for t in range(100)])
    0.463...
    """
    start, end = course[0][0], course[-1][0]

    def level(between: tuple[float, float]) -> float:
        first, last = (start + share * (end - start) for share in between)
        return median(value for moment, value in course if first <= moment <= last)

    return level(LATE) / level(EARLY) - 1


def memory(process: int) -> int:
    """Bytes that a process and all it has started hold resident, shared ones each time.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    whole = psutil.Process(process)
    held = 0
    for one in (whole, *whole.children(recursive=True)):
        try:
            held += one.memory_info().rss
        except psutil.NoSuchProcess:  # a worker that is being replaced
            continue
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
