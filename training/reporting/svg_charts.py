"""SVG charts of the report, drawn without a library.

The page's style sheet sets their colours, and the page loads nothing from elsewhere. Next to each
chart, the report has a table with the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_curve

from credit.dossier import Floats
from credit.localised_text import Text
from credit.policy import Policy
from training.data.dataset import Labels
from training.metrics.credit_metrics import CostCurve
from training.reporting.languages import Language, localise_number

WIDTH_PX, HEIGHT_PX = 320.0, 240.0
CURVE_POINTS = 120
"""Points of a curve; more are not visible at this size."""

RISK_DECILES = 10

to_french = partial(localise_number, language=Language.FR)


@dataclass(frozen=True, kw_only=True)
class VerticalLine:
    """A labelled vertical line at `x` pixels."""

    x: float
    label: Text


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A curve or points in a box. Coordinates are pixels of the box; y points down."""

    title: Text
    alt: Text
    """Text alternative for screen readers."""
    x_label: Text
    y_label: Text
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
    """Map data to pixels: the box shows 0 to `x_max` and `y_min` to `y_max`."""

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
    """Build the ROC curve of the risks; `auc` appears in the text alternative."""
    false_positive_rates, true_positive_rates, _ = roc_curve(labels, risks)
    grid = np.linspace(0, 1, CURVE_POINTS)
    scale = AxisScale(x_max=1, y_min=0, y_max=1)
    recall_at_fifth = float(np.interp(0.2, false_positive_rates, true_positive_rates))
    return Chart(
        title=Text("Classement des clients (ROC)", "Ranking of clients (ROC)"),
        alt=Text(
            f"Courbe ROC, AUC {to_french(f'{auc:.3f}')} : avec un cinquième des bons clients "
            f"classés à risque, {100 * recall_at_fifth:.0f} % de ceux qui ont des difficultés "
            "sont détectés.",
            f"ROC curve, AUC {auc:.3f}: with a fifth of the good clients classified as risky, "
            f"{recall_at_fifth:.0%} of those with difficulties are detected.",
        ),
        x_label=Text("taux de faux positifs", "false positive rate"),
        y_label=Text("taux de vrais positifs", "true positive rate"),
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
    """Return the mean risk and the observed difficulty rate of each decile of risk."""
    observed, predicted = calibration_curve(
        labels, risks, n_bins=RISK_DECILES, strategy="quantile"
    )
    return predicted, observed


def build_calibration_chart(labels: Labels, risks: Floats) -> Chart:
    """Build the chart of observed difficulty rate against mean risk, by decile of risk."""
    predicted, observed = compute_calibration_points(labels, risks)
    largest_gap = float(np.abs(predicted - observed).max())
    axis_max = float(max(predicted.max(), observed.max())) * 1.05
    scale = AxisScale(x_max=axis_max, y_min=0, y_max=axis_max)
    return Chart(
        title=Text(
            "Taux de difficulté observé selon le risque prédit",
            "Observed difficulty rate by predicted risk",
        ),
        alt=Text(
            "Calibration par décile de risque : l'écart le plus grand est de "
            f"{to_french(f'{100 * largest_gap:.1f}')} % ; le tableau donne les dix.",
            f"Calibration by decile of risk: the largest gap is {largest_gap:.1%}; the table "
            "gives all ten.",
        ),
        x_label=Text("risque moyen prédit", "mean predicted risk"),
        y_label=Text("taux de difficulté observé", "observed difficulty rate"),
        points=scale.scale_points(predicted, observed),
        has_diagonal=True,
        has_dots=True,
        vertical_lines=(),
        x_ticks=scale.make_x_ticks([0, round(axis_max / 2, 2), round(axis_max * 0.95, 2)]),
        y_ticks=scale.make_y_ticks([0, round(axis_max / 2, 2), round(axis_max * 0.95, 2)]),
    )


def build_cost_chart(labels: Labels, risks: Floats, policy: Policy) -> Chart:
    """Build the chart of cost per client for thresholds from 0 to four times the policy's."""
    costs = CostCurve.from_risks(labels, risks, policy)
    max_threshold = min(1.0, 4 * policy.threshold)
    grid = np.linspace(0, max_threshold, CURVE_POINTS)
    values = np.array([costs.cost_at(threshold) for threshold in grid.tolist()])
    cost_range = float(values.max() - values.min()) or 1.0
    y_min, y_max = float(values.min()) - 0.1 * cost_range, float(values.max()) + 0.1 * cost_range
    scale = AxisScale(x_max=max_threshold, y_min=y_min, y_max=y_max)
    best_threshold, lowest_cost = costs.minimum
    policy_cost = costs.cost_at(policy.threshold)
    return Chart(
        title=Text("Coût par client selon le seuil", "Cost per client by threshold"),
        alt=Text(
            f"Coût par client selon le seuil : {to_french(f'{policy_cost:.3f}')} au seuil de la "
            f"politique {to_french(f'{policy.threshold:.3f}')}, au plus bas "
            f"{to_french(f'{lowest_cost:.3f}')} au seuil {to_french(f'{best_threshold:.3f}')}.",
            f"Cost per client by threshold: {policy_cost:.3f} at the policy's "
            f"{policy.threshold:.3f}, lowest {lowest_cost:.3f} at {best_threshold:.3f}.",
        ),
        x_label=Text("seuil (risque)", "threshold (risk)"),
        y_label=Text("coût par client", "cost per client"),
        points=scale.scale_points(grid, values),
        has_diagonal=False,
        has_dots=False,
        vertical_lines=(
            VerticalLine(
                x=scale.to_pixels(policy.threshold, 0)[0], label=Text("politique", "policy")
            ),
        ),
        x_ticks=scale.make_x_ticks([0, round(max_threshold / 2, 2), round(max_threshold, 2)]),
        y_ticks=scale.make_y_ticks([float(values.min()), float(values.max())]),
    )
