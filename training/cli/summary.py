"""What the command of training says at its end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from training.gates import Finding, Verdict
from training.pipeline import Trained

SHOWN = {
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

COLOURS = {Verdict.REFUSES: "red", Verdict.WARNS: "yellow"}


def tell(console: Console, trained: Trained) -> None:
    """The measures, the gates that did not pass, and what became of the model."""
    measures = Table("measure", "value", title=f"{trained.tag}, {trained.trees} trees")
    for name, label in SHOWN.items():
        measures.add_row(label, f"{trained.metrics[name]:.4f}")
    console.print(measures)
    console.print(findings_table(trained.findings))
    console.print(prices_told(trained.prices), soft_wrap=True)
    console.print(f"Report {trained.report}; MLflow run {trained.run_id}", soft_wrap=True)
    if trained.refused:
        codes = ", ".join(trained.refused)
        console.print(
            f"[red]{trained.tag} is refused by {codes}[/]: it is registered with its findings and "
            "not promoted."
        )
    else:
        console.print(f"{trained.clients:,} clients in the store")


def prices_told(prices: Sequence[str]) -> str:
    """What excluding each protected attribute costs, as far as it was measured."""
    if not prices:
        return (
            "What excluding each protected attribute costs in AUC was not measured on these data: "
            "python -m training ablate does."
        )
    return f"Worth in AUC of protected attributes, by ablation: {'; '.join(prices)}."


def findings_table(findings: tuple[Finding, ...]) -> Table:
    """The gates that failed, with what to do; the others are counted."""
    count = {verdict: sum(one.verdict is verdict for one in findings) for verdict in Verdict}
    title = f"{count[Verdict.PASSES]} of {len(findings)} gates pass"
    if count[Verdict.NOT_APPLICABLE]:
        title += f", {count[Verdict.NOT_APPLICABLE]} do not apply"
    table = Table("gate", "verdict", "measured", "what to do", title=title, show_lines=True)
    for one in findings:
        if one.verdict in COLOURS:
            table.add_row(
                Text(f"{one.code} {one.title}"),
                Text(one.verdict, style=COLOURS[one.verdict]),
                Text(f"{one.message}; limit {one.limit:g}"),
                Text(one.what_to_do),
            )
    return table
