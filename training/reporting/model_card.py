"""The model card and the technical file, filled from a training: Markdown, and pages of it.

docs/templates/*.md.j2 + account ──► Markdown ──► HTML
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from training.metrics.bootstrap import count_resamples
from training.metrics.fairness import MIN_CLIENTS_PER_GROUP
from training.reporting.formatting import TEMPLATE_FILTERS, escape_table_cell
from training.reporting.training_summary import TrainingSummary

MODEL_CARD_NAME, TECHNICAL_FILE_NAME = "model-card", "technical-file"

TEMPLATES_FOLDER = Path(__file__).parents[2] / "docs" / "templates"

_MARKDOWN_ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES_FOLDER),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 -- Markdown; raw HTML in it is escaped where it becomes HTML
    finalize=lambda value: escape_table_cell(value) if isinstance(value, str) else value,
)
_MARKDOWN_ENVIRONMENT.filters |= TEMPLATE_FILTERS
_MARKDOWN_ENVIRONMENT.globals |= {"fewest": MIN_CLIENTS_PER_GROUP}

_HTML_ENVIRONMENT = Environment(
    loader=PackageLoader("training.reporting"), undefined=StrictUndefined, autoescape=True
)


def render_model_card(summary: TrainingSummary) -> str:
    """What the model is for, how good it is and where it ends: one page, Markdown."""
    return _render_markdown(MODEL_CARD_NAME, summary)


def render_technical_file(summary: TrainingSummary) -> str:
    """The technical documentation under the headings of the AI Act's Annex IV, Markdown."""
    return _render_markdown(TECHNICAL_FILE_NAME, summary)


def _render_markdown(name: str, summary: TrainingSummary) -> str:
    resample_count = count_resamples(len(summary.evaluation.training_set))
    return _MARKDOWN_ENVIRONMENT.get_template(f"{name}.md.j2").render(
        account=summary, resamples=resample_count
    )


def render_html_document(markdown: str) -> str:
    """Markdown as a page that needs nothing else; its first line is the title."""
    title = markdown.partition("\n")[0].removeprefix("# ")
    body = Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))  # noqa: S704 -- raw HTML is off
    return _HTML_ENVIRONMENT.get_template("document.html.j2").render(title=title, body=body)


def write_documents(summary: TrainingSummary, folder: Path) -> None:
    """Write card and file into a folder, each as Markdown and as a page."""
    for name, text in (
        (MODEL_CARD_NAME, render_model_card(summary)),
        (TECHNICAL_FILE_NAME, render_technical_file(summary)),
    ):
        (folder / f"{name}.md").write_text(text)
        (folder / f"{name}.html").write_text(render_html_document(text))
