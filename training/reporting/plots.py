"""Draw plots of a model and of experiments as PNG or SVG files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import shap
from matplotlib.axes import Axes

from training.evaluation.feature_importance import ExplanationSample
from training.evaluation.paired_bootstrap import Difference
from training.reporting.concept_contributions import sum_by_concept

plt.switch_backend("agg")


def draw_concept_plots(sample: ExplanationSample, folder: Path) -> None:
    """Draw the importance and the contributions of every concept into `folder`.

    The colour of a point is the value of the concept's most important feature, which the label
    names.
    """
    summed = sum_by_concept(sample)
    labels = [concept.label.en for concept in summed.concepts]
    _draw_shap(
        shap.Explanation(
            values=summed.contributions, base_values=summed.base, feature_names=labels
        ),
        shap.plots.bar,
        "mean absolute contribution to the log-odds of difficulties",
        folder / "importance_by_concept.png",
    )
    _draw_shap(
        shap.Explanation(
            values=summed.contributions,
            base_values=summed.base,
            data=summed.leading_values,
            feature_names=[
                f"{label}\ncolour: {name}"
                for label, name in zip(labels, summed.leading_features, strict=True)
            ],
        ),
        shap.plots.beeswarm,
        "contribution to the log-odds of difficulties",
        folder / "contributions_by_concept.png",
    )


def _draw_shap(
    explanation: shap.Explanation, plot: Callable[..., object], x_label: str, path: Path
) -> None:
    """Draw every row of an explanation."""
    plot(explanation, max_display=len(explanation.feature_names), show=False)
    plt.gca().tick_params(axis="y", labelsize=9)
    plt.gca().set_xlabel(x_label)
    plt.gcf().savefig(path, dpi=120, bbox_inches="tight")
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

    save_figure(path, draw_trials)


def draw_parameter_importance(importances: Mapping[str, float], path: Path) -> None:
    """Draw the importance of each hyperparameter as a bar, the largest at the top."""

    def draw_bars(axes: Axes) -> None:
        ordered = sorted(importances.items(), key=lambda item: item[1])
        axes.barh([name for name, _ in ordered], [importance for _, importance in ordered])
        axes.set(xlabel="share of the variance of AUC (fANOVA)")

    save_figure(path, draw_bars)


def save_figure(path: Path, draw: Callable[[Axes], None]) -> None:
    """Draw on new axes and save them as a file."""
    figure, axes = plt.subplots(figsize=(7, 5))
    draw(axes)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)
