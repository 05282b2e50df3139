"""The model card and the technical file of a training, as Markdown and as HTML.

docs/templates/*.md.j2 + TrainingSummary ──► Markdown ──► HTML
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from training.metrics.bootstrap import count_resamples
from training.metrics.fairness import MIN_CLIENTS_PER_GROUP
from training.reporting.formatting import TEMPLATE_FILTERS, escape_table_cell
from training.reporting.html_templates import render_html
from training.reporting.training_summary import TrainingSummary

MODEL_CARD_NAME, TECHNICAL_FILE_NAME = "model-card", "technical-file"

TEMPLATES_FOLDER = Path(__file__).parents[2] / "docs" / "templates"

_MARKDOWN_ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES_FOLDER),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 -- raw HTML in the Markdown is escaped when it is converted to HTML
    finalize=lambda value: escape_table_cell(value) if isinstance(value, str) else value,
)
_MARKDOWN_ENVIRONMENT.filters |= TEMPLATE_FILTERS
_MARKDOWN_ENVIRONMENT.globals |= {"min_clients": MIN_CLIENTS_PER_GROUP}


def render_model_card(summary: TrainingSummary) -> str:
    """Render the model card as Markdown: purpose, performance, fairness and limits."""
    return _render_markdown(MODEL_CARD_NAME, summary)


def render_technical_file(summary: TrainingSummary) -> str:
    """Render the technical documentation as Markdown, by the headings of the AI Act's Annex IV."""
    return _render_markdown(TECHNICAL_FILE_NAME, summary)


def _render_markdown(name: str, summary: TrainingSummary) -> str:
    resample_count = count_resamples(len(summary.evaluation.training_set))
    return _MARKDOWN_ENVIRONMENT.get_template(f"{name}.md.j2").render(
        summary=summary, resample_count=resample_count
    )


def render_html_document(markdown: str) -> str:
    """Convert Markdown to a self-contained HTML page; its first line is the title."""
    title = markdown.partition("\n")[0].removeprefix("# ")
    body = Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))  # noqa: S704 -- raw HTML is off
    return render_html("document.html.j2", title=title, body=body)


def write_documents(summary: TrainingSummary, folder: Path) -> None:
    """Write the model card and the technical file into a folder, each as Markdown and HTML."""
    for name, text in (
        (MODEL_CARD_NAME, render_model_card(summary)),
        (TECHNICAL_FILE_NAME, render_technical_file(summary)),
    ):
        (folder / f"{name}.md").write_text(text)
        (folder / f"{name}.html").write_text(render_html_document(text))
