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
from training.metrics.credit_metrics import CostCurve

WIDTH_PX, HEIGHT_PX = 320.0, 240.0
CURVE_POINTS = 120
"""Of a curve: more cannot be seen at this size."""

RISK_DECILES = 10


@dataclass(frozen=True, kw_only=True)
class VerticalLine:
    """A labelled upright line."""

    x: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A curve, or points, in a box; x and y in the box's own pixels, y downwards."""

    title: str
    alt: str
    """What the chart shows, for who cannot see it."""
    x_label: str
    y_label: str
    points: tuple[tuple[float, float], ...]
    has_diagonal: bool
    has_dots: bool
    vertical_lines: tuple[VerticalLine, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]

    @property
    def svg_points(self) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(frozen=True, kw_only=True)
class AxisScale:
    """What the edges of the box stand for."""

    x_max: float
    y_min: float
    y_max: float

    def to_pixels(self, x: float, y: float) -> tuple[float, float]:
        height_share = (y - self.y_min) / (self.y_max - self.y_min)
        return WIDTH_PX * x / self.x_max, HEIGHT_PX * (1 - height_share)

    def scale_points(self, x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
        return tuple(self.to_pixels(*pair) for pair in zip(x.tolist(), y.tolist(), strict=True))

    def make_x_ticks(self, values: Sequence[float]) -> tuple[tuple[float, str], ...]:
        return tuple((self.to_pixels(x, 0.0)[0], f"{x:.3g}") for x in values)

    def make_y_ticks(self, values: Sequence[float]) -> tuple[tuple[float, str], ...]:
        return tuple((self.to_pixels(0.0, y)[1], f"{y:.3g}") for y in values)


def build_roc_chart(labels: Labels, risks: Floats, auc: float) -> Chart:
    """True against false alarms."""
    false_positive_rates, true_positive_rates, _ = roc_curve(labels, risks)
    grid = np.linspace(0, 1, CURVE_POINTS)
    scale = AxisScale(x_max=1, y_min=0, y_max=1)
    recall_at_fifth = float(np.interp(0.2, false_positive_rates, true_positive_rates))
    return Chart(
        title="Ranking of clients (ROC)",
        alt=f"ROC curve, AUC {auc:.3f}: at a fifth of the good clients called risky, {recall_at_fifth:.0%} "
        "of those with difficulties are found.",
        x_label="share of good clients called risky",
        y_label="share of difficulties found",
        points=scale.scale_points(
            grid, np.interp(grid, false_positive_rates, true_positive_rates)
        ),
        has_diagonal=True,
        has_dots=False,
        vertical_lines=(),
        x_ticks=scale.make_x_ticks([0, 0.5, 1]),
        y_ticks=scale.make_y_ticks([0, 0.5, 1]),
    )


def compute_calibration_points(labels: Labels, risks: Floats) -> tuple[Floats, Floats]:
    """Mean risk and difficulty rate of tenths of the clients, by risk."""
    observed, predicted = calibration_curve(
        labels, risks, n_bins=RISK_DECILES, strategy="quantile"
    )
    return predicted, observed


def build_calibration_chart(labels: Labels, risks: Floats) -> Chart:
    """Difficulties seen against the risk told, by tenths."""
    predicted, observed = compute_calibration_points(labels, risks)
    axis_max = float(max(predicted.max(), observed.max())) * 1.05
    scale = AxisScale(x_max=axis_max, y_min=0, y_max=axis_max)
    return Chart(
        title="Risk told against difficulties seen",
        alt=f"Calibration by tenths of the clients: the largest gap is "
        f"{float(np.abs(predicted - observed).max()):.1%}; the table gives all ten.",
        x_label="mean risk told",
        y_label="difficulty rate seen",
        points=scale.scale_points(predicted, observed),
        has_diagonal=True,
        has_dots=True,
        vertical_lines=(),
        x_ticks=scale.make_x_ticks([0, round(axis_max / 2, 2), round(axis_max * 0.95, 2)]),
        y_ticks=scale.make_y_ticks([0, round(axis_max / 2, 2), round(axis_max * 0.95, 2)]),
    )


def build_cost_chart(labels: Labels, risks: Floats, policy: Policy) -> Chart:
    """Cost a client at every threshold near the policy's."""
    costs, max_threshold = (
        CostCurve.from_risks(labels, risks, policy),
        min(1.0, 4 * policy.threshold),
    )
    grid = np.linspace(0, max_threshold, CURVE_POINTS)
    values = np.array([costs.cost_at(threshold) for threshold in grid.tolist()])
    cost_range = float(values.max() - values.min()) or 1.0
    y_min, y_max = float(values.min()) - 0.1 * cost_range, float(values.max()) + 0.1 * cost_range
    scale = AxisScale(x_max=max_threshold, y_min=y_min, y_max=y_max)
    best_threshold, lowest_cost = costs.minimum
    return Chart(
        title="What a threshold costs",
        alt=f"Cost a client by threshold: {costs.cost_at(policy.threshold):.3f} at the policy's "
        f"{policy.threshold:.3f}, lowest {lowest_cost:.3f} at {best_threshold:.3f}.",
        x_label="threshold (risk)",
        y_label="cost a client",
        points=scale.scale_points(grid, values),
        has_diagonal=False,
        has_dots=False,
        vertical_lines=(VerticalLine(x=scale.to_pixels(policy.threshold, 0)[0], label="policy"),),
        x_ticks=scale.make_x_ticks([0, round(max_threshold / 2, 2), round(max_threshold, 2)]),
        y_ticks=scale.make_y_ticks([float(values.min()), float(values.max())]),
    )
