"""The report of a training: what a head of risk wants to see in five minutes, on one page."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from credit.schema import HISTORIES
from training.metrics.fairness import MIN_CLIENTS_PER_GROUP
from training.reporting import svg_charts
from training.reporting.formatting import TEMPLATE_FILTERS
from training.reporting.training_summary import TrainingSummary

_ENVIRONMENT = Environment(
    loader=PackageLoader("training.reporting"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)
_ENVIRONMENT.filters |= TEMPLATE_FILTERS


def render_report(summary: TrainingSummary) -> str:
    """A page of HTML that needs nothing beside itself."""
    labels, risks = (
        summary.evaluation.training_set.labels,
        summary.evaluation.trained_model.oof_risk,
    )
    predicted, observed = svg_charts.compute_calibration_points(labels, risks)
    known = summary.evaluation.training_set.known_histories
    return _ENVIRONMENT.get_template("report.html.j2").render(
        account=summary,
        roc=svg_charts.build_roc_chart(labels, risks, summary.model_metadata.metrics["auc"]),
        calibration=svg_charts.build_calibration_chart(labels, risks),
        tenths=list(zip(predicted.tolist(), observed.tolist(), strict=True)),
        cost=svg_charts.build_cost_chart(labels, risks, summary.policy),
        width=svg_charts.WIDTH_PX,
        height=svg_charts.HEIGHT_PX,
        histories={name: float(known[name].mean()) for name in HISTORIES},
        fewest=MIN_CLIENTS_PER_GROUP,
    )
