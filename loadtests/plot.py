"""A run as a picture: callers and calls a second above, latency of the heavy calls below."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from matplotlib.figure import Figure

MOST_LINES = 6
"""Calls that get a line of their own: the most frequent."""

Points = tuple[list[float], list[float]]


def draw(history: Path, out: Path) -> None:
    """Draw locust's CSV of a run's course; the ending of `out` names the format."""
    with history.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    start = float(rows[0]["Timestamp"])
    figure = Figure(figsize=(9, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    everything = [row for row in rows if row["Name"] == "Aggregated"]
    for column, label in (("User Count", "callers"), ("Requests/s", "calls per second")):
        above.plot(*_line(everything, column, start), label=label)
    failed = _line(everything, "Failures/s", start)
    if any(failed[1]):
        above.plot(*failed, label="failures per second", color="tab:red")
    for name, course in _most_called(rows):
        below.plot(*_line(course, "99%", start), label=name)
    below.set_yscale("log")
    below.set(xlabel="seconds", ylabel="p99 of the last 10 s, ms")
    for part in (above, below):
        part.grid(alpha=0.3)
        part.legend(loc="upper left", fontsize="small")
    figure.savefig(out)


def _line(rows: list[dict[str, str]], column: str, start: float) -> Points:
    """Seconds and values, without the moments that locust has no value of."""
    seen = [row for row in rows if row[column] != "N/A"]
    return [float(r["Timestamp"]) - start for r in seen], [float(r[column]) for r in seen]


def _most_called(rows: list[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    courses: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        if row["Name"] not in {"", "Aggregated"}:
            courses[row["Name"]].append(row)
    often = sorted(courses.items(), key=lambda named: -int(named[1][-1]["Total Request Count"]))
    return often[:MOST_LINES]
