"""Test the links between pages, and tables of contents."""

from __future__ import annotations

import re

import pytest

from training.reporting.html_report import render_report
from training.reporting.html_templates import render_html
from training.reporting.languages import Language
from training.reporting.model_card import render_html_document
from training.reporting.page_links import (
    PAGE_LABELS,
    PageLinks,
    find_headings,
    list_links,
    name_training_pages,
)
from training.reporting.training_summary import TrainingSummary


def test_only_existing_pages_are_linked() -> None:
    links = list_links("report", Language.EN, {"report.html", "ablation.html", "notes.html"})
    assert [page.file for page in links.pages] == ["report.html", "ablation.html"]
    assert [page.is_current for page in links.pages] == [True, False]
    assert links.other_language is None


def test_a_page_that_lacks_a_language_is_linked_in_the_other() -> None:
    existing = name_training_pages() - {"technical-file.fr.html"}
    links = list_links("report", Language.FR, existing)
    files = [page.file for page in links.pages]
    assert files == ["report.fr.html", "model-card.fr.html", "technical-file.html"]
    assert [page.language for page in links.pages] == [Language.FR, Language.FR, Language.EN]
    assert links.other_language is not None
    assert links.other_language.file == "report.html"


@pytest.mark.parametrize("language", Language)
def test_the_contents_of_the_report_lead_to_its_sections(
    summary: TrainingSummary, language: Language
) -> None:
    html = render_report(summary, language=language, existing_files=name_training_pages())
    contents = html[html.index('class="contents"') : html.index("</ol>")]
    anchors = re.findall(r'href="#([^"]+)"', contents)
    assert anchors == [
        "verdict", "key", "decisions", "curves", "importance", "fairness", "data",
    ]  # fmt: skip
    assert all(f'<h2 id="{anchor}">' in html for anchor in anchors)
    assert f'href="{language.name_file("technical-file")}"' in html


def test_the_contents_of_a_document_are_its_headings() -> None:
    html = render_html_document("# Title\n\n## First *part*\n\n## B\n\n## C\n\n### Detail\n")
    assert re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', html) == [
        ("first-part", "First part"), ("b", "B"), ("c", "C"),
    ]  # fmt: skip


def test_a_short_page_has_no_contents() -> None:
    html = render_html("document.html.j2", links=PageLinks(), title="T", body="one")
    assert 'class="contents"' not in html
    assert find_headings("<h2>no anchor</h2>") == []


def test_every_page_has_a_label_in_both_languages() -> None:
    assert all(label.fr and label.en for label in PAGE_LABELS.values())
