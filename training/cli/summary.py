"""Tables and sentences that the commands of training print at the end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from training.experiments.ablation import Ablation
from training.experiments.comparison import Comparison
from training.experiments.results import format_row_name, format_stored_clients
from training.experiments.tuning import TuningResult
from training.gates import GateFinding, Verdict
from training.pipeline import TrainingOutcome
from training.reporting.formatting import format_gain

SUMMARY_METRIC_LABELS = {
    "auc": "AUC, out of fold",
    "gini": "Gini",
    "ks": "KS",
    "average_precision": "average precision",
    "brier": "Brier score",
    "f1": "F1 at the threshold",
    "accuracy": "accuracy at the threshold",
    "cost_per_client": "cost per client at the threshold",
    "business_score": "business score",
    "searched_threshold": "threshold of lowest cost",
    "threshold_regret": "regret of the policy's threshold",
    "calibration_in_the_large": "calibration-in-the-large (log-odds)",
}

VERDICT_COLOURS = {Verdict.REFUSES: "red", Verdict.WARNS: "yellow"}


def print_summary(console: Console, training_outcome: TrainingOutcome) -> None:
    """Print the metrics, the gates that did not pass, and whether the model is promoted."""
    metrics_table = Table(
        "metric", "value", title=f"{training_outcome.tag}, {training_outcome.tree_count} trees"
    )
    for name, label in SUMMARY_METRIC_LABELS.items():
        metrics_table.add_row(label, f"{training_outcome.metrics[name]:.4f}")
    console.print(metrics_table)
    console.print(build_findings_table(training_outcome.findings))
    console.print(format_attribute_costs(training_outcome.attribute_costs), soft_wrap=True)
    console.print(
        f"Report {training_outcome.report_path}; MLflow run {training_outcome.run_id}",
        soft_wrap=True,
    )
    if training_outcome.blocking_codes:
        codes = ", ".join(training_outcome.blocking_codes)
        console.print(
            f"[red]{training_outcome.tag} is refused by {codes}[/]: it is registered with its "
            "findings and not promoted."
        )
    else:
        console.print(f"{training_outcome.clients:,} clients in the store")


def format_attribute_costs(costs: Sequence[str]) -> str:
    """Describe the cost in AUC of excluding protected attributes, if an ablation measured it."""
    if not costs:
        return (
            "The cost in AUC of excluding each protected attribute has not been measured on these "
            "data; run: python -m training ablate"
        )
    return f"Cost in AUC of excluding protected attributes, by ablation: {'; '.join(costs)}."


def build_findings_table(findings: tuple[GateFinding, ...]) -> Table:
    """Build the table of gates that did not pass; its title counts the others."""
    counts = {
        verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict
    }
    title = f"{counts[Verdict.PASSES]} of {len(findings)} gates pass"
    if counts[Verdict.NOT_APPLICABLE]:
        title += f", {counts[Verdict.NOT_APPLICABLE]} do not apply"
    table = Table("gate", "verdict", "measured", "what to do", title=title, show_lines=True)
    for finding in findings:
        if finding.verdict in VERDICT_COLOURS:
            table.add_row(
                Text(f"{finding.code} {finding.title}"),
                Text(finding.verdict, style=VERDICT_COLOURS[finding.verdict]),
                Text(f"{finding.message}; limit {finding.limit:g}"),
                Text(finding.what_to_do),
            )
    return table


def build_comparison_table(comparison: Comparison) -> Table:
    """Build the leaderboard of a comparison, the highest AUC first."""
    table = Table("model", "AUC", "over served", "Brier", "business score", "fit s", "ms")
    for row in sorted(comparison.rows, key=lambda row: -row.auc.value):
        table.add_row(
            format_row_name(row),
            f"{row.auc.value:.4f}",
            format_gain(row.over_served.value, row.over_served.interval),
            f"{row.after['brier']:.4f}",
            f"{row.after['business_score']:.3f}",
            f"{row.fit_seconds:.2f}",
            f"{row.latency_ms:.2f}",
        )
    warnings = [warning for row in comparison.rows if (warning := format_stored_clients(row))]
    table.caption = "\n".join(warnings) or None
    return table


def build_ablation_table(ablation: Ablation) -> Table:
    """Build the table of the effect of each part."""
    table = Table("part", "group", "features", "AUC", "business score")
    for row in ablation.rows:
        table.add_row(
            row.part,
            row.group,
            str(row.features or ""),
            format_gain(row.auc.value, row.auc.interval),
            format_gain(row.business_score.value, row.business_score.interval),
        )
    return table


def format_tuning_result(best: TuningResult) -> str:
    """Describe the result of a hyperparameter search in one line."""
    verdict = "above 0" if best.gain_above_zero else "not distinguishable from chance"
    gain = format_gain(best.gain.value, best.gain.interval)
    return (
        f"{best.complete} trials, {best.pruned} pruned; best AUC {best.auc:.4f}, initial AUC "
        f"{best.default_auc:.4f}; gain on new folds of the same clients {gain}: {verdict}"
    )
