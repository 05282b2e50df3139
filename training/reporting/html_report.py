"""The report of a training: what a head of risk wants to see in five minutes, on one page."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from credit.schema import HISTORIES
from training.metrics.fairness import FEWEST
from training.reporting import svg_charts
from training.reporting.formatting import FILTERS
from training.reporting.training_summary import Account

_ENVIRONMENT = Environment(
    loader=PackageLoader("training.reporting"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)
_ENVIRONMENT.filters |= FILTERS


def report(account: Account) -> str:
    """A page of HTML that needs nothing beside itself."""
    labels, risks = account.evidence.material.labels, account.evidence.fitted.unseen
    told, seen = svg_charts.calibration_points(labels, risks)
    known = account.evidence.material.known
    return _ENVIRONMENT.get_template("report.html.j2").render(
        account=account,
        roc=svg_charts.roc(labels, risks, account.facts.metrics["auc"]),
        calibration=svg_charts.calibration(labels, risks),
        tenths=list(zip(told.tolist(), seen.tolist(), strict=True)),
        cost=svg_charts.cost(labels, risks, account.policy),
        width=svg_charts.WIDTH,
        height=svg_charts.HEIGHT,
        histories={name: float(known[name].mean()) for name in HISTORIES},
        fewest=FEWEST,
    )
