"""The model card and the technical file of a training, as Markdown and as HTML.

docs/templates/*.md.j2 + TrainingSummary ──► Markdown ──► HTML
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from itertools import pairwise, product
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from training.metrics.bootstrap import count_resamples
from training.metrics.fairness import MIN_CLIENTS_PER_GROUP
from training.reporting.formatting import escape_table_cell
from training.reporting.html_templates import create_filters, render_html
from training.reporting.languages import Language
from training.reporting.page_links import list_links
from training.reporting.training_summary import TrainingSummary

MODEL_CARD_NAME, TECHNICAL_FILE_NAME = "model-card", "technical-file"

TEMPLATES_FOLDER = Path(__file__).parents[2] / "docs" / "templates"


@cache
def _create_markdown_environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- raw HTML in the Markdown is escaped when it is converted to HTML
        finalize=lambda value: escape_table_cell(value) if isinstance(value, str) else value,
    )
    environment.filters |= create_filters(language)
    environment.globals |= {"min_clients": MIN_CLIENTS_PER_GROUP}
    return environment


def render_model_card(summary: TrainingSummary, language: Language = Language.EN) -> str:
    """Render the model card as Markdown: purpose, performance, fairness and limits."""
    return _render_markdown(MODEL_CARD_NAME, summary, language)


def render_technical_file(summary: TrainingSummary, language: Language = Language.EN) -> str:
    """Render the technical documentation as Markdown, by the headings of the AI Act's Annex IV."""
    return _render_markdown(TECHNICAL_FILE_NAME, summary, language)


def _render_markdown(stem: str, summary: TrainingSummary, language: Language) -> str:
    template = language.name_file(stem, "md.j2")
    return (
        _create_markdown_environment(language)
        .get_template(template)
        .render(
            summary=summary, resample_count=count_resamples(len(summary.evaluation.training_set))
        )
    )


def render_html_document(
    markdown: str,
    *,
    stem: str = MODEL_CARD_NAME,
    language: Language = Language.EN,
    existing_files: Collection[str] = (),
) -> str:
    """Convert Markdown to an HTML page that loads nothing; its first line is the title.

    Args:
        markdown: The document.
        stem: Name of the page, for the links.
        language: Language of the document.
        existing_files: Names of the other files in its folder, which it links.
    """
    title = markdown.partition("\n")[0].removeprefix("# ")
    converter = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = converter.parse(markdown)
    for token, content in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _make_anchor(content.content))
    body = Markup(converter.renderer.render(tokens, converter.options, {}))  # noqa: S704 -- raw HTML is off
    return render_html(
        "document.html.j2",
        language=language,
        links=list_links(stem, language, existing_files),
        title=title,
        body=body,
    )


def _make_anchor(heading: str) -> str:
    """Return the anchor of a heading.

    >>> _make_anchor("1. A general description (a)")
    '1-a-general-description-a'
    """
    return re.sub(r"\W+", "-", heading.lower()).strip("-")


def write_documents(
    summary: TrainingSummary, folder: Path, *, existing_files: Collection[str] = ()
) -> None:
    """Write model card and technical file, each in every language as Markdown and HTML."""
    renderers = {MODEL_CARD_NAME: render_model_card, TECHNICAL_FILE_NAME: render_technical_file}
    for (stem, render), language in product(renderers.items(), Language):
        text = render(summary, language)
        html = render_html_document(
            text, stem=stem, language=language, existing_files=existing_files
        )
        (folder / language.name_file(stem, "md")).write_text(text, encoding="utf-8")
        (folder / language.name_file(stem)).write_text(html, encoding="utf-8")
