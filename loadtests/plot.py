"""A run as a picture: callers and calls a second above, latency of the heavy calls below."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from matplotlib.figure import Figure

MAX_LINES = 6
"""Calls that get a line of their own: the most frequent."""

Points = tuple[list[float], list[float]]


def draw_run(history: Path, out: Path) -> None:
    """Draw locust's CSV of a run's course; the ending of `out` names the format."""
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
    """Seconds and values, without the moments that locust has no value of."""
    measured_rows = [row for row in rows if row[column] != "N/A"]
    return [float(r["Timestamp"]) - start for r in measured_rows], [
        float(r[column]) for r in measured_rows
    ]


def _select_most_frequent(rows: list[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    rows_by_call: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        if row["Name"] not in {"", "Aggregated"}:
            rows_by_call[row["Name"]].append(row)
    most_frequent = sorted(
        rows_by_call.items(),
        key=lambda name_and_rows: -int(name_and_rows[1][-1]["Total Request Count"]),
    )
    return most_frequent[:MAX_LINES]
