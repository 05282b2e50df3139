"""Pictures of a model, as PNG files for MLflow."""

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
from training.evaluation.paired_bootstrap import Gain
from training.metrics.credit_metrics import Costs

plt.switch_backend("agg")

SHOWN = 20
"""Features in a SHAP picture."""


def draw_curves(labels: Labels, risks: Floats, policy: Policy, folder: Path) -> None:
    """ROC, calibration and cost against threshold, of out-of-fold risks."""

    def roc(axes: Axes) -> None:
        RocCurveDisplay.from_predictions(labels, risks, ax=axes, plot_chance_level=True)

    def calibration(axes: Axes) -> None:
        CalibrationDisplay.from_predictions(
            labels, risks, n_bins=20, strategy="quantile", ax=axes, name="out of fold"
        )
        edge = float(np.quantile(risks, 0.995))
        axes.set(xlim=(0, edge), ylim=(0, edge), xlabel="mean risk", ylabel="difficulty rate")

    def cost(axes: Axes) -> None:
        costs = Costs.of(labels, risks, policy)
        axes.plot(costs.thresholds, costs.per_client)
        axes.axvline(policy.threshold, linestyle="--", label=f"policy {policy.threshold:.3f}")
        axes.axvline(costs.least[0], linestyle=":", label=f"least cost {costs.least[0]:.3f}")
        axes.set(xlim=(0, 0.5), xlabel="threshold", ylabel="cost a client")
        axes.legend()

    for name, draw in {"roc": roc, "calibration": calibration, "cost": cost}.items():
        _save(folder / f"{name}.png", draw)


def draw_explanations(matrix: Matrix, contributions: Floats, folder: Path) -> None:
    """SHAP beeswarm and global importance of a sample.

    Args:
        contributions: Shape (clients, features + 1), log-odds, the base last.
    """
    explained = shap.Explanation(
        values=contributions[:, :-1],
        base_values=contributions[:, -1],
        data=matrix,
        feature_names=list(CATALOGUE),
    )
    pictures = {"shap_beeswarm": shap.plots.beeswarm, "shap_importance": shap.plots.bar}
    for name, plot in pictures.items():
        plot(explained, max_display=SHOWN, show=False)
        plt.gcf().savefig(folder / f"{name}.png", dpi=120, bbox_inches="tight")
        plt.close()


def draw_gains(
    labels: Sequence[str],
    gains: Sequence[Gain],
    measure: str,
    path: Path,
    *,
    nothing: float | None = None,
) -> None:
    """A measure with its interval, a row each, the first on top."""
    figure, axes = plt.subplots(figsize=(8, 1 + 0.24 * len(labels)))
    for place, gain in enumerate(gains):
        axes.plot(gain.interval, (place, place), color="tab:blue", linewidth=1.5)
        axes.plot(gain.value, place, "o", color="tab:blue", markersize=4)
    if nothing is not None:
        axes.axvline(nothing, color="gray", linestyle="--", linewidth=1)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(measure)
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def draw_history(values: Sequence[float | None], path: Path) -> None:
    """The trials of a search in their order, and the best so far; None is a pruned one."""

    def history(axes: Axes) -> None:
        known = [(number, value) for number, value in enumerate(values) if value is not None]
        numbers, aucs = zip(*known, strict=True)
        pruned = [number for number, value in enumerate(values) if value is None]
        axes.plot(numbers, aucs, "o", label="trial")
        axes.step(numbers, np.maximum.accumulate(aucs), where="post", label="best so far")
        axes.plot(pruned, [min(aucs)] * len(pruned), "|", color="gray", label="pruned")
        axes.set(xlabel="trial", ylabel="AUC, mean of folds")
        axes.legend()

    _save(path, history)


def draw_shares(shares: Mapping[str, float], path: Path) -> None:
    """Parts of a whole, the largest on top."""

    def bars(axes: Axes) -> None:
        ordered = sorted(shares.items(), key=lambda part: part[1])
        axes.barh([name for name, _ in ordered], [share for _, share in ordered])
        axes.set(xlabel="share of the variance of AUC (fANOVA)")

    _save(path, bars)


def _save(path: Path, draw: Callable[[Axes], None]) -> None:
    figure, axes = plt.subplots(figsize=(7, 5))
    draw(axes)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)
