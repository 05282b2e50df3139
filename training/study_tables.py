"""What comparison and ablation show at their end."""

from __future__ import annotations

from rich.table import Table

from training.evaluation.paired_bootstrap import Difference
from training.experiments.ablation import Ablation
from training.experiments.comparison import Comparison
from training.experiments.results import format_row_name


def build_comparison_table(comparison: Comparison) -> Table:
    """The models, the best first."""
    table = Table("model", "AUC", "over served", "Brier", "business score", "fit s", "ms")
    for row in sorted(comparison.rows, key=lambda row: -row.auc.value):
        table.add_row(
            format_row_name(row), f"{row.auc.value:.4f}", format_difference(row.over_served),
            f"{row.after['brier']:.4f}", f"{row.after['business_score']:.3f}",
            f"{row.fit_seconds:.2f}", f"{row.latency_ms:.2f}",
        )  # fmt: skip
    return table


def build_ablation_table(ablation: Ablation) -> Table:
    """The parts, by what each is worth."""
    table = Table("part", "of", "features", "AUC", "business score")
    for row in ablation.rows:
        features = str(row.features or "")
        table.add_row(
            row.part,
            row.group,
            features,
            format_difference(row.auc),
            format_difference(row.business_score),
        )
    return table


def format_difference(difference: Difference) -> str:
    """A gain with its interval."""
    low, high = difference.interval
    return f"{difference.value:+.4f} ({low:+.4f} to {high:+.4f})"
