"""Render the exploration as a self-contained HTML page."""

from __future__ import annotations

from collections.abc import Collection
from io import StringIO

import matplotlib.pyplot as plt

from training.exploration.binning import MIN_CELL_SIZE
from training.exploration.statistics import ExplorationSummary
from training.reporting.html_templates import render_html
from training.reporting.languages import Language
from training.reporting.page_links import list_links

MAX_LISTED_COLUMNS = 15
"""Columns in the lists at the top of the page."""


def render_exploration_page(
    summary: ExplorationSummary,
    language: Language = Language.EN,
    existing_files: Collection[str] = (),
) -> str:
    """Render the page. Every chart has a table with the same numbers.

    Args:
        summary: The tables, column by column.
        language: Language of the page. Categories and meanings of columns stay English.
        existing_files: Names of the other files in its folder, which it links.
    """
    max_rate = max(
        (bin_.interval[1] for column in summary.columns for bin_ in column.bins if bin_.interval),
        default=1.0,
    )
    return render_html(
        "exploration.html.j2",
        language=language,
        links=list_links("exploration", language, existing_files),
        summary=summary,
        drifting=sorted(summary.columns, key=lambda column: -column.population_stability_index)[
            :MAX_LISTED_COLUMNS
        ],
        most_informative=summary.columns[:MAX_LISTED_COLUMNS],
        heatmap=_draw_heatmap(summary),
        max_rate=max_rate,
        min_cell_size=MIN_CELL_SIZE,
    )


def _draw_heatmap(summary: ExplorationSummary) -> str:
    plt.switch_backend("agg")
    names = summary.correlated_columns
    figure, axes = plt.subplots(figsize=(9, 8))
    mesh = axes.pcolormesh(summary.correlation_matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    ticks = [index + 0.5 for index in range(len(names))]
    axes.set_xticks(ticks, names, rotation=90, fontsize=7)
    axes.set_yticks(ticks, names, fontsize=7)
    axes.invert_yaxis()
    figure.colorbar(mesh, ax=axes, shrink=0.6)
    buffer = StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]
