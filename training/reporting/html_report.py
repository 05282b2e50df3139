"""The report of a training: one HTML page for the risk department."""

from __future__ import annotations

from collections.abc import Collection

from credit.schema import HISTORIES
from training.metrics.fairness import MIN_CLIENTS_PER_GROUP
from training.reporting import svg_charts
from training.reporting.fairness_charts import build_fairness_charts
from training.reporting.html_templates import render_html
from training.reporting.languages import Language
from training.reporting.page_links import list_links
from training.reporting.training_summary import TrainingSummary


def render_report(
    summary: TrainingSummary,
    *,
    language: Language = Language.EN,
    existing_files: Collection[str] = (),
) -> str:
    """Render the report as an HTML page that loads nothing.

    Args:
        summary: The results of the training.
        language: Language of the page. What the gates measured stays English.
        existing_files: Names of the other files in its folder, which it links.
    """
    labels, risks = (
        summary.evaluation.training_set.labels,
        summary.evaluation.trained_model.oof_risk,
    )
    predicted, observed = svg_charts.compute_calibration_points(labels, risks)
    known = summary.evaluation.training_set.known_histories
    return render_html(
        "report.html.j2",
        language=language,
        links=list_links("report", language, existing_files),
        summary=summary,
        roc=svg_charts.build_roc_chart(labels, risks, summary.model_metadata.metrics["auc"]),
        calibration=svg_charts.build_calibration_chart(labels, risks),
        deciles=list(zip(predicted.tolist(), observed.tolist(), strict=True)),
        cost=svg_charts.build_cost_chart(labels, risks, summary.policy),
        fairness={
            audit.attribute: build_fairness_charts(audit, summary.policy.fairness)
            for audit in summary.audits
        },
        width=svg_charts.WIDTH_PX,
        height=svg_charts.HEIGHT_PX,
        histories={name: float(known[name].mean()) for name in HISTORIES},
        min_clients=MIN_CLIENTS_PER_GROUP,
    )
