"""Test the model card and the technical file."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from training.reporting.languages import Language
from training.reporting.model_card import (
    render_html_document,
    render_model_card,
    render_technical_file,
)
from training.reporting.training_summary import TrainingSummary

ANNEX_IV = (
    "1. A general description of the AI system",
    "2. A detailed description of the elements of the AI system",
    "3. Detailed information about the monitoring, functioning and control",
    "4. A description of the appropriateness of the performance metrics",
    "5. A detailed description of the risk management system",
    "6. A description of relevant changes",
    "7. A list of the harmonised standards",
    "8. A copy of the EU declaration of conformity",
    "9. A detailed description of the system in place to evaluate the performance",
)


def test_the_model_card_has_limits_oversight_and_every_group(summary: TrainingSummary) -> None:
    card = render_model_card(summary)
    headings = re.findall(r"^## (.+)$", card, re.MULTILINE)
    assert headings == [
        "Purpose", "Data", "Performance", "Proposed outcomes", "Fairness",
        "Most important concepts", "Limits", "Human oversight", "Gates", "Versions",
    ]  # fmt: skip
    assert "the data have no dates" in card.lower()
    assert "granted loans only" in card
    for audit in summary.audits:
        for group in audit.groups:
            assert f"| {group.name} |" in card
    assert f"{summary.model_metadata.metrics['auc']:.4f}" in card


def test_the_technical_file_has_the_sections_of_annex_iv(summary: TrainingSummary) -> None:
    headings = re.findall(r"^## (.+)$", render_technical_file(summary), re.MULTILINE)
    assert len(headings) == len(ANNEX_IV)
    for heading, requests in zip(headings, ANNEX_IV, strict=True):
        assert heading.startswith(requests)


@pytest.mark.parametrize("render", [render_model_card, render_technical_file])
def test_both_languages_have_the_same_outline_and_the_same_table_rows(
    summary: TrainingSummary, render: Callable[..., str]
) -> None:
    english, french = (render(summary, language) for language in Language)
    for pattern in (r"^#+ ", r"^\|", r"^\*"):
        counts = [len(re.findall(pattern, text, re.MULTILINE)) for text in (english, french)]
        assert counts[0] == counts[1] > 0


def test_the_french_card_has_french_texts_and_numbers(summary: TrainingSummary) -> None:
    card = render_model_card(summary, Language.FR)
    auc = f"{summary.model_metadata.metrics['auc']:.4f}".replace(".", ",")
    assert f"| AUC | {auc} |" in card
    assert summary.top_concepts[0].name.fr in card
    html = render_html_document(card, language=Language.FR)
    assert '<html lang="fr">' in html
    assert 'href="#équité"' in html
    assert '<h2 id="équité">' in html


def test_lists_of_the_documents_have_a_space_after_the_comma(summary: TrainingSummary) -> None:
    for language in Language:
        text = render_technical_file(summary, language)
        [versions] = [line for line in text.splitlines() if "(c).**" in line and "Python" in line]
        assert re.search(r"Python [\d.]+, lightgbm [\d.]+, numpy", versions)
