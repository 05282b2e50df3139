"""The model card and the technical file, filled from a training: Markdown, and pages of it.

docs/templates/*.md.j2 + account ──► Markdown ──► HTML
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from training.metrics.bootstrap import resamples_of
from training.metrics.fairness import FEWEST
from training.reporting.formatting import FILTERS, cell
from training.reporting.training_summary import Account

CARD, FILE = "model-card", "technical-file"

TEMPLATES = Path(__file__).parents[2] / "docs" / "templates"

_MARKDOWN = Environment(
    loader=FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 -- Markdown; raw HTML in it is escaped where it becomes HTML
    finalize=lambda value: cell(value) if isinstance(value, str) else value,
)
_MARKDOWN.filters |= FILTERS
_MARKDOWN.globals |= {"fewest": FEWEST}

_PAGES = Environment(
    loader=PackageLoader("training.reporting"), undefined=StrictUndefined, autoescape=True
)


def model_card(account: Account) -> str:
    """What the model is for, how good it is and where it ends: one page, Markdown."""
    return _markdown(CARD, account)


def technical_file(account: Account) -> str:
    """The technical documentation under the headings of the AI Act's Annex IV, Markdown."""
    return _markdown(FILE, account)


def _markdown(name: str, account: Account) -> str:
    drawn = resamples_of(len(account.evidence.material))
    return _MARKDOWN.get_template(f"{name}.md.j2").render(account=account, resamples=drawn)


def page(markdown: str) -> str:
    """Markdown as a page that needs nothing else; its first line is the title."""
    title = markdown.partition("\n")[0].removeprefix("# ")
    body = Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))  # noqa: S704 -- raw HTML is off
    return _PAGES.get_template("document.html.j2").render(title=title, body=body)


def write_documents(account: Account, folder: Path) -> None:
    """Write card and file into a folder, each as Markdown and as a page."""
    for name, text in ((CARD, model_card(account)), (FILE, technical_file(account))):
        (folder / f"{name}.md").write_text(text)
        (folder / f"{name}.html").write_text(page(text))
