"""What the command of training says at its end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from training.gates import Finding, Verdict
from training.pipeline import TrainingOutcome

SUMMARY_METRIC_LABELS = {
    "auc": "AUC, out of fold",
    "gini": "Gini",
    "ks": "KS",
    "average_precision": "average precision",
    "brier": "Brier score",
    "f1": "F1 at the threshold",
    "accuracy": "accuracy at the threshold",
    "cost_per_client": "cost a client at the threshold",
    "business_score": "business score",
    "searched_threshold": "threshold of least cost",
    "threshold_regret": "regret of the policy's threshold",
    "calibration_in_the_large": "calibration-in-the-large (log-odds)",
}

VERDICT_COLOURS = {Verdict.REFUSES: "red", Verdict.WARNS: "yellow"}


def print_summary(console: Console, training_outcome: TrainingOutcome) -> None:
    """The measures, the gates that did not pass, and what became of the model."""
    metrics_table = Table(
        "measure", "value", title=f"{training_outcome.tag}, {training_outcome.tree_count} trees"
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
            f"[red]{training_outcome.tag} is refused by {codes}[/]: it is registered with its findings and "
            "not promoted."
        )
    else:
        console.print(f"{training_outcome.clients:,} clients in the store")


def format_attribute_costs(costs: Sequence[str]) -> str:
    """What excluding each protected attribute costs, as far as it was measured."""
    if not costs:
        return (
            "What excluding each protected attribute costs in AUC was not measured on these data: "
            "python -m training ablate does."
        )
    return f"Worth in AUC of protected attributes, by ablation: {'; '.join(costs)}."


def build_findings_table(findings: tuple[Finding, ...]) -> Table:
    """The gates that failed, with what to do; the others are counted."""
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
