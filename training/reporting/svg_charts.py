"""Charts of the report as SVG: drawn by us, so that colours follow the page and nothing is loaded.

Every chart stands beside a table that says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_curve

from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import Labels
from training.metrics.credit_metrics import Costs

WIDTH, HEIGHT = 320.0, 240.0
POINTS = 120
"""Of a curve: more cannot be seen at this size."""

TENTHS = 10


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A labelled upright line."""

    x: float
    name: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A curve, or points, in a box; x and y in the box's own pixels, y downwards."""

    title: str
    alt: str
    """What the chart shows, for who cannot see it."""
    x_label: str
    y_label: str
    line: tuple[tuple[float, float], ...]
    diagonal: bool
    dots: bool
    marks: tuple[Mark, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]

    @property
    def path(self) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.line)


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What the edges of the box stand for."""

    x_most: float
    y_least: float
    y_most: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        high = (y - self.y_least) / (self.y_most - self.y_least)
        return WIDTH * x / self.x_most, HEIGHT * (1 - high)

    def line(self, x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
        return tuple(self.place(*pair) for pair in zip(x.tolist(), y.tolist(), strict=True))

    def x_ticks(self, values: Sequence[float]) -> tuple[tuple[float, str], ...]:
        return tuple((self.place(x, 0.0)[0], f"{x:.3g}") for x in values)

    def y_ticks(self, values: Sequence[float]) -> tuple[tuple[float, str], ...]:
        return tuple((self.place(0.0, y)[1], f"{y:.3g}") for y in values)


def roc(labels: Labels, risks: Floats, auc: float) -> Chart:
    """True against false alarms."""
    false_alarms, hits, _ = roc_curve(labels, risks)
    at = np.linspace(0, 1, POINTS)
    axes = Axes(x_most=1, y_least=0, y_most=1)
    fifth = float(np.interp(0.2, false_alarms, hits))
    return Chart(
        title="Ranking of clients (ROC)",
        alt=f"ROC curve, AUC {auc:.3f}: at a fifth of the good clients called risky, {fifth:.0%} "
        "of those with difficulties are found.",
        x_label="share of good clients called risky",
        y_label="share of difficulties found",
        line=axes.line(at, np.interp(at, false_alarms, hits)),
        diagonal=True,
        dots=False,
        marks=(),
        x_ticks=axes.x_ticks([0, 0.5, 1]),
        y_ticks=axes.y_ticks([0, 0.5, 1]),
    )


def calibration_points(labels: Labels, risks: Floats) -> tuple[Floats, Floats]:
    """Mean risk and difficulty rate of tenths of the clients, by risk."""
    seen, told = calibration_curve(labels, risks, n_bins=TENTHS, strategy="quantile")
    return told, seen


def calibration(labels: Labels, risks: Floats) -> Chart:
    """Difficulties seen against the risk told, by tenths."""
    told, seen = calibration_points(labels, risks)
    most = float(max(told.max(), seen.max())) * 1.05
    axes = Axes(x_most=most, y_least=0, y_most=most)
    return Chart(
        title="Risk told against difficulties seen",
        alt=f"Calibration by tenths of the clients: the largest gap is "
        f"{float(np.abs(told - seen).max()):.1%}; the table gives all ten.",
        x_label="mean risk told",
        y_label="difficulty rate seen",
        line=axes.line(told, seen),
        diagonal=True,
        dots=True,
        marks=(),
        x_ticks=axes.x_ticks([0, round(most / 2, 2), round(most * 0.95, 2)]),
        y_ticks=axes.y_ticks([0, round(most / 2, 2), round(most * 0.95, 2)]),
    )


def cost(labels: Labels, risks: Floats, policy: Policy) -> Chart:
    """Cost a client at every threshold near the policy's."""
    costs, most = Costs.of(labels, risks, policy), min(1.0, 4 * policy.threshold)
    at = np.linspace(0, most, POINTS)
    values = np.array([costs.at(threshold) for threshold in at.tolist()])
    spread = float(values.max() - values.min()) or 1.0
    least, top = float(values.min()) - 0.1 * spread, float(values.max()) + 0.1 * spread
    axes = Axes(x_most=most, y_least=least, y_most=top)
    cheapest, lowest = costs.least
    return Chart(
        title="What a threshold costs",
        alt=f"Cost a client by threshold: {costs.at(policy.threshold):.3f} at the policy's "
        f"{policy.threshold:.3f}, lowest {lowest:.3f} at {cheapest:.3f}.",
        x_label="threshold (risk)",
        y_label="cost a client",
        line=axes.line(at, values),
        diagonal=False,
        dots=False,
        marks=(Mark(x=axes.place(policy.threshold, 0)[0], name="policy"),),
        x_ticks=axes.x_ticks([0, round(most / 2, 2), round(most, 2)]),
        y_ticks=axes.y_ticks([float(values.min()), float(values.max())]),
    )
