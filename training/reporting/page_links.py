"""Links between the pages of the reports folder, and the table of contents of a page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from html.parser import HTMLParser

from credit.localised_text import Text
from training.reporting.languages import Language, choose_language

PAGE_LABELS = {
    "report": Text("Rapport", "Report"),
    "model-card": Text("Fiche du modèle", "Model card"),
    "technical-file": Text("Documentation technique", "Technical file"),
    "comparison": Text("Comparaison", "Comparison"),
    "ablation": Text("Ablation", "Ablation"),
    "exploration": Text("Exploration", "Exploration"),
}
"""Every page of the reports folder by the stem of its file, in the order of the links."""

TRAINING_PAGES = ("report", "model-card", "technical-file")
"""Pages that every training writes."""


@dataclass(frozen=True, kw_only=True)
class PageLink:
    """A link to a page of the same folder."""

    file: str
    label: str
    language: Language
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class PageLinks:
    """The links at the top of a page."""

    pages: tuple[PageLink, ...] = ()
    other_language: PageLink | None = None
    """The same page in the other language."""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """An entry of a table of contents."""

    anchor: str
    text: str


def list_links(current: str, language: Language, existing: Collection[str]) -> PageLinks:
    """Return the links from a page to the existing others.

    Args:
        current: Stem of the page, a key of `PAGE_LABELS`.
        language: Language of the page. A page that lacks it is linked in the other one.
        existing: Names of the files in the folder, present or about to be written.
    """
    other = Language.FR if language is Language.EN else Language.EN
    links = []
    for stem, label in PAGE_LABELS.items():
        available = [tongue for tongue in (language, other) if tongue.name_file(stem) in existing]
        if available or stem == current:
            shown = available[0] if available else language
            links.append(
                PageLink(
                    file=shown.name_file(stem),
                    label=choose_language(label, language),
                    language=shown,
                    is_current=stem == current,
                )
            )
    has_other = other.name_file(current) in existing
    return PageLinks(
        pages=tuple(links),
        other_language=PageLink(
            file=other.name_file(current), label=other.label, language=other, is_current=False
        )
        if has_other
        else None,
    )


def name_training_pages() -> set[str]:
    """Return the names of the pages that every training writes."""
    return {name for stem in TRAINING_PAGES for name in name_pages(stem)}


def name_pages(stem: str) -> set[str]:
    """Return the names of a page in every language."""
    return {language.name_file(stem) for language in Language}


class _HeadingParser(HTMLParser):
    """Collect the second-level headings that have an anchor."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[Heading] = []
        self._anchor: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "h2":
            self._anchor, self._text = dict(attrs).get("id"), ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "h2" and self._anchor:
            self.headings.append(Heading(anchor=self._anchor, text=self._text.strip()))
            self._anchor = None


def find_headings(html: str) -> list[Heading]:
    """Return the second-level headings of a page that a link can point to.

    >>> find_headings('<h2 id="data">Data</h2><h2>Without anchor</h2>')
    [Heading(anchor='data', text='Data')]
    """
    parser = _HeadingParser()
    parser.feed(html)
    return parser.headings
