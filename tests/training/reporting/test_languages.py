"""Test that the pages are complete in French and in English."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from jinja2.ext import extract_from_ast

from training.gates import GATES, EvaluationResult, Verdict
from training.reporting.html_templates import create_environment, render_html
from training.reporting.languages import Language, load_translations, localise_number
from training.reporting.page_links import PageLinks
from training.reporting.training_summary import REPORT_METRIC_LABELS

TEMPLATES = Path(__file__).parents[3] / "training" / "reporting" / "templates"


def find_messages() -> set[str]:
    """Return every text of the templates that is marked for translation."""
    environment = create_environment(Language.EN)
    trees = [
        environment.parse(path.read_text(encoding="utf-8")) for path in TEMPLATES.glob("*.j2")
    ]
    return {
        message if isinstance(message, str) else str((message or [""])[0])
        for tree in trees
        for _, _, message in extract_from_ast(tree)
    }


def test_every_text_of_the_templates_has_a_translation() -> None:
    messages = find_messages()
    assert len(messages) > 100
    assert sorted(messages - load_translations(Language.FR).keys()) == []


def test_titles_of_gates_verdicts_and_metrics_have_a_translation() -> None:
    texts = {
        *(gate.title for gate in GATES),
        *(verdict.value for verdict in Verdict),
        *REPORT_METRIC_LABELS.values(),
    }
    assert sorted(texts - load_translations(Language.FR).keys()) == []


def test_the_groups_of_the_policy_have_a_translation(evidence: EvaluationResult) -> None:
    texts = {audit.attribute for audit in evidence.audits}
    texts |= {
        group.name
        for audit in evidence.audits
        for group in audit.groups
        if audit.attribute == "age"
    }
    assert sorted(texts - load_translations(Language.FR).keys()) == []


def test_a_translation_fills_the_same_placeholders() -> None:
    offenders = [
        original
        for original, translated in load_translations(Language.FR).items()
        for name in ("%(clients)s", "%(run)s", "%(threshold)s", "%%")
        if (name in original) != (name in translated)
    ]
    assert offenders == []


@pytest.mark.parametrize(
    ("written", "french"),
    [
        ("0.09", "0,09"),
        ("14,323", "14\u202f323"),
        ("-0.2 to 0.1", "-0,2 à 0,1"),
        ("unknown", "inconnu"),
    ],
)
def test_numbers_are_written_as_in_french(written: str, french: str) -> None:
    assert localise_number(written, Language.FR) == french
    assert localise_number(written, Language.EN) == written


def test_translated_pages_still_escape_their_values() -> None:
    html = render_html(
        "document.html.j2", language=Language.FR, links=PageLinks(), title="<b>", body="<script>"
    )
    assert '<html lang="fr">' in html
    assert "<script>" not in html
    assert "<script>" in unescape(html)
