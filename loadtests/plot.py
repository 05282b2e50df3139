"""Plot a load test: callers and calls per second above, latency of the frequent calls below."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from matplotlib.figure import Figure

MAX_PLOTTED_CALLS = 6
"""Number of calls in the latency plot, the most frequent first."""

Points = tuple[list[float], list[float]]
"""Times in seconds, and the values at these times."""


def draw_run(history: Path, out: Path) -> None:
    """Plot locust's CSV of a run's history; the extension of `out` sets the format."""
    with history.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    start = float(rows[0]["Timestamp"])
    figure = Figure(figsize=(9, 6), layout="constrained")
    top_axes, bottom_axes = figure.subplots(2, 1, sharex=True)
    totals = [row for row in rows if row["Name"] == "Aggregated"]
    for column, label in (("User Count", "callers"), ("Requests/s", "calls per second")):
        top_axes.plot(*_extract_line(totals, column, start), label=label)
    failures = _extract_line(totals, "Failures/s", start)
    if any(failures[1]):
        top_axes.plot(*failures, label="failures per second", color="tab:red")
    for name, call_rows in _select_most_frequent(rows):
        bottom_axes.plot(*_extract_line(call_rows, "99%", start), label=name)
    bottom_axes.set_yscale("log")
    bottom_axes.set(xlabel="seconds", ylabel="p99 of the last 10 s, ms")
    for axes in (top_axes, bottom_axes):
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", fontsize="small")
    figure.savefig(out)


def _extract_line(rows: list[dict[str, str]], column: str, start: float) -> Points:
    """Return seconds since `start` and values, without the times that have no value."""
    measured_rows = [row for row in rows if row[column] != "N/A"]
    seconds = [float(row["Timestamp"]) - start for row in measured_rows]
    return seconds, [float(row[column]) for row in measured_rows]


def _select_most_frequent(rows: list[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    rows_by_call: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        if row["Name"] not in {"", "Aggregated"}:
            rows_by_call[row["Name"]].append(row)
    most_frequent = sorted(
        rows_by_call.items(),
        key=lambda name_and_rows: -int(name_and_rows[1][-1]["Total Request Count"]),
    )
    return most_frequent[:MAX_PLOTTED_CALLS]
