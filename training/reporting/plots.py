"""Draw plots of a model and of experiments as PNG or SVG files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import shap
from matplotlib.axes import Axes
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import RocCurveDisplay

from credit.dossier import Floats
from credit.features import CATALOGUE, Matrix
from credit.policy import Policy
from training.data.dataset import Labels
from training.evaluation.paired_bootstrap import Difference
from training.metrics.credit_metrics import CostCurve

plt.switch_backend("agg")

MAX_SHAP_FEATURES = 20
"""Features shown in a SHAP plot."""


def draw_curves(labels: Labels, risks: Floats, policy: Policy, folder: Path) -> None:
    """Draw ROC, calibration and cost by threshold from out-of-fold risks into `folder`."""

    def draw_roc(axes: Axes) -> None:
        RocCurveDisplay.from_predictions(labels, risks, ax=axes, plot_chance_level=True)

    def draw_calibration(axes: Axes) -> None:
        CalibrationDisplay.from_predictions(
            labels, risks, n_bins=20, strategy="quantile", ax=axes, name="out of fold"
        )
        axis_limit = float(np.quantile(risks, 0.995))
        axes.set(
            xlim=(0, axis_limit),
            ylim=(0, axis_limit),
            xlabel="mean risk",
            ylabel="difficulty rate",
        )

    def draw_cost(axes: Axes) -> None:
        costs = CostCurve.from_risks(labels, risks, policy)
        axes.plot(costs.thresholds, costs.per_client)
        axes.axvline(policy.threshold, linestyle="--", label=f"policy {policy.threshold:.3f}")
        axes.axvline(costs.minimum[0], linestyle=":", label=f"lowest cost {costs.minimum[0]:.3f}")
        axes.set(xlim=(0, 0.5), xlabel="threshold", ylabel="cost per client")
        axes.legend()

    for name, draw in {
        "roc": draw_roc,
        "calibration": draw_calibration,
        "cost": draw_cost,
    }.items():
        _save_figure(folder / f"{name}.png", draw)


def draw_shap_plots(matrix: Matrix, contributions: Floats, folder: Path) -> None:
    """Draw the SHAP beeswarm and the global importance of a sample into `folder`.

    Args:
        matrix: Feature values, shape (clients, features).
        contributions: Shape (clients, features + 1), in log-odds; the last column is the base.
    """
    explanation = shap.Explanation(
        values=contributions[:, :-1],
        base_values=contributions[:, -1],
        data=matrix,
        feature_names=list(CATALOGUE),
    )
    plots = {"shap_beeswarm": shap.plots.beeswarm, "shap_importance": shap.plots.bar}
    for name, plot in plots.items():
        plot(explanation, max_display=MAX_SHAP_FEATURES, show=False)
        plt.gcf().savefig(folder / f"{name}.png", dpi=120, bbox_inches="tight")
        plt.close()


def draw_forest_plot(
    labels: Sequence[str],
    estimates: Sequence[Difference],
    x_label: str,
    path: Path,
    *,
    reference_value: float | None = None,
) -> None:
    """Draw estimates with their intervals, one row each, the first at the top.

    Args:
        labels: Name of each row.
        reference_value: Position of a dashed vertical line; None draws none.
    """
    figure, axes = plt.subplots(figsize=(8, 1 + 0.24 * len(labels)))
    for index, estimate in enumerate(estimates):
        axes.plot(estimate.interval, (index, index), color="tab:blue", linewidth=1.5)
        axes.plot(estimate.value, index, "o", color="tab:blue", markersize=4)
    if reference_value is not None:
        axes.axvline(reference_value, color="gray", linestyle="--", linewidth=1)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(x_label)
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def draw_search_history(values: Sequence[float | None], path: Path) -> None:
    """Draw the trials of a search in order, with the best value so far.

    Args:
        values: Mean AUC of each trial; None for a pruned trial.
    """

    def draw_trials(axes: Axes) -> None:
        completed = [(number, value) for number, value in enumerate(values) if value is not None]
        trial_numbers, aucs = zip(*completed, strict=True)
        pruned = [number for number, value in enumerate(values) if value is None]
        axes.plot(trial_numbers, aucs, "o", label="trial")
        axes.step(trial_numbers, np.maximum.accumulate(aucs), where="post", label="best so far")
        axes.plot(pruned, [min(aucs)] * len(pruned), "|", color="gray", label="pruned")
        axes.set(xlabel="trial", ylabel="AUC, mean of folds")
        axes.legend()

    _save_figure(path, draw_trials)


def draw_parameter_importance(importances: Mapping[str, float], path: Path) -> None:
    """Draw the importance of each hyperparameter as a bar, the largest at the top."""

    def draw_bars(axes: Axes) -> None:
        ordered = sorted(importances.items(), key=lambda item: item[1])
        axes.barh([name for name, _ in ordered], [importance for _, importance in ordered])
        axes.set(xlabel="share of the variance of AUC (fANOVA)")

    _save_figure(path, draw_bars)


def _save_figure(path: Path, draw: Callable[[Axes], None]) -> None:
    figure, axes = plt.subplots(figsize=(7, 5))
    draw(axes)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)
