"""Draw how out-of-fold risks rank, separate and price the clients, as PNG files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay

from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import Labels
from training.metrics.credit_metrics import CostCurve
from training.metrics.separation import compute_lift, compute_separation
from training.reporting.plots import save_figure

HISTOGRAM_BINS = 40
MIN_LIFT_SHARE = 0.01
"""Lift in a smaller share of the clients depends on a handful of them."""
OUTCOME_COLOURS = ("tab:green", "tab:orange", "tab:red")


def draw_curves(labels: Labels, risks: Floats, policy: Policy, folder: Path) -> None:
    """Draw every curve of the out-of-fold risks into `folder`.

    Args:
        labels: Shape (clients,).
        risks: Out-of-fold risks, shape (clients,).
        policy: Threshold, costs and outcomes.
        folder: Existing folder.
    """
    plots: dict[str, Callable[[Axes], None]] = {
        "roc": lambda axes: _draw_roc(labels, risks, axes),
        "precision_recall": lambda axes: _draw_precision_recall(labels, risks, axes),
        "lift": lambda axes: _draw_lift(labels, risks, axes),
        "ks": lambda axes: _draw_separation(labels, risks, axes),
        "score_histogram": lambda axes: _draw_histogram(labels, risks, policy, axes),
        "calibration": lambda axes: _draw_calibration(labels, risks, axes),
        "cost": lambda axes: _draw_cost(labels, risks, policy, axes),
    }
    for name, draw in plots.items():
        save_figure(folder / f"{name}.png", draw)


def _draw_roc(labels: Labels, risks: Floats, axes: Axes) -> None:
    RocCurveDisplay.from_predictions(
        labels, risks, ax=axes, name="out of fold", plot_chance_level=True
    )


def _draw_precision_recall(labels: Labels, risks: Floats, axes: Axes) -> None:
    PrecisionRecallDisplay.from_predictions(
        labels, risks, ax=axes, name="out of fold", plot_chance_level=True
    )
    axes.set(xlabel="recall of clients with difficulties", ylabel="precision", title="")
    axes.legend(loc="upper right")


def _draw_lift(labels: Labels, risks: Floats, axes: Axes) -> None:
    shares, lift = compute_lift(labels, risks)
    is_shown = shares >= MIN_LIFT_SHARE
    axes.plot(shares[is_shown], lift[is_shown], label="out of fold")
    axes.axhline(1, linestyle="--", color="gray", label="chance")
    axes.set(
        xlabel="share of clients, the riskiest first",
        ylabel="difficulty rate, divided by that of all clients",
    )
    axes.legend()


def _draw_separation(labels: Labels, risks: Floats, axes: Axes) -> None:
    separation = compute_separation(labels, risks)
    axes.plot(separation.risks, separation.good, label="without difficulties")
    axes.plot(separation.risks, separation.difficult, label="with difficulties")
    axes.vlines(
        separation.risks[separation.widest],
        separation.difficult[separation.widest],
        separation.good[separation.widest],
        linestyle="--",
        color="gray",
        label=f"KS {separation.ks:.3f} at risk {separation.risks[separation.widest]:.3f}",
    )
    axes.set(
        xlim=(0, float(np.quantile(risks, 0.995))),
        xlabel="risk",
        ylabel="share of the group with at most this risk",
    )
    axes.legend()


def _draw_histogram(labels: Labels, risks: Floats, policy: Policy, axes: Axes) -> None:
    """Draw the index of good and difficult clients over the bands of the outcomes."""
    index = np.array([policy.compute_index(risk) for risk in risks.tolist()])
    bins = np.linspace(0, 1, HISTOGRAM_BINS + 1).tolist()
    for is_difficult, label in enumerate(("without difficulties", "with difficulties")):
        axes.hist(index[labels == is_difficult], bins=bins, density=True, alpha=0.55, label=label)
    edges = (0.0, policy.refer_from_index, policy.decline_above_index, 1.0)
    outcomes = ("approve", "refer", "decline")
    for number, (outcome, colour) in enumerate(zip(outcomes, OUTCOME_COLOURS, strict=True)):
        axes.axvspan(edges[number], edges[number + 1], color=colour, alpha=0.08)
        middle = (edges[number] + edges[number + 1]) / 2
        axes.text(
            middle, 0.97, outcome, transform=axes.get_xaxis_transform(), ha="center", va="top"
        )
    axes.set(xlim=(0, 1), xlabel="index (0.5 is the threshold)", ylabel="density of the group")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)


def _draw_calibration(labels: Labels, risks: Floats, axes: Axes) -> None:
    CalibrationDisplay.from_predictions(
        labels, risks, n_bins=20, strategy="quantile", ax=axes, name="out of fold"
    )
    axis_limit = float(np.quantile(risks, 0.995))
    axes.set(
        xlim=(0, axis_limit), ylim=(0, axis_limit), xlabel="mean risk", ylabel="difficulty rate"
    )


def _draw_cost(labels: Labels, risks: Floats, policy: Policy, axes: Axes) -> None:
    costs = CostCurve.from_risks(labels, risks, policy)
    axes.plot(costs.thresholds, costs.per_client)
    axes.axvline(policy.threshold, linestyle="--", label=f"policy {policy.threshold:.3f}")
    axes.axvline(costs.minimum[0], linestyle=":", label=f"lowest cost {costs.minimum[0]:.3f}")
    axes.set(xlim=(0, 0.5), xlabel="threshold", ylabel="cost per client")
    axes.legend()
