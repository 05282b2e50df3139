"""The exploration as a page of HTML that needs nothing beside itself."""

from __future__ import annotations

from io import StringIO

import matplotlib.pyplot as plt
from jinja2 import Environment, PackageLoader, StrictUndefined

from training.exploration.binning import FEWEST
from training.exploration.statistics import Facts

_ENVIRONMENT = Environment(
    loader=PackageLoader("training.reporting"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)

SHOWN = 15
"""Columns in the lists at the top."""


def page(facts: Facts) -> str:
    """The whole page; every chart stands in or beside a table that says the same."""
    widest = max(
        (one.interval[1] for told in facts.columns for one in told.bins if one.interval),
        default=1.0,
    )
    return _ENVIRONMENT.get_template("exploration.html.j2").render(
        facts=facts,
        drifting=sorted(facts.columns, key=lambda told: -told.drift)[:SHOWN],
        telling=facts.columns[:SHOWN],
        heatmap=_heatmap(facts),
        widest=widest,
        fewest=FEWEST,
    )


def _heatmap(facts: Facts) -> str:
    plt.switch_backend("agg")
    names = facts.correlated
    figure, axes = plt.subplots(figsize=(9, 8))
    shades = axes.pcolormesh(facts.correlations, cmap="RdBu_r", vmin=-1, vmax=1)
    ticks = [place + 0.5 for place in range(len(names))]
    axes.set_xticks(ticks, names, rotation=90, fontsize=7)
    axes.set_yticks(ticks, names, fontsize=7)
    axes.invert_yaxis()
    figure.colorbar(shades, ax=axes, shrink=0.6)
    text = StringIO()
    figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]
