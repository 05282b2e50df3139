from __future__ import annotations

import re

import pytest

from tests.support.page.api_responses import (
    APPROVED,
    DECLINED,
    INJECTION,
    MINOR,
    REFERRED,
    make_model,
    make_profile,
)
from tests.support.page.parsed_responses import EN, FR, MODEL, parse_explanation, strip_tags
from ui import views
from ui.api_models import Language, Profile, ServedModel
from ui.rendering import TemplateRenderer


@pytest.mark.parametrize(
    ("client", "outcome"),
    [
        (APPROVED, "Proposition : crédit accordé"),
        (REFERRED, "À la main du conseiller"),
        (DECLINED, "Proposition : crédit refusé"),
    ],
)
def test_an_outcome_is_a_proposal_or_the_advisers(client: int, outcome: str) -> None:
    html = views.render_decision(FR, parse_explanation(client), MODEL)
    assert outcome in strip_tags(html)
    assert ("confirmée par un conseiller" in html) is (client != REFERRED)


def test_an_automatic_outcome_is_no_proposal() -> None:
    automatic = ServedModel.model_validate(make_model("automatic"))
    html = views.render_decision(FR, parse_explanation(APPROVED), automatic)
    assert "Crédit accordé" in html
    assert "Proposition" not in html


def test_the_gauge_states_its_index_and_that_it_is_no_probability() -> None:
    html = views.render_decision(FR, parse_explanation(DECLINED), MODEL)
    [label] = re.findall(r'role="img" aria-label="([^"]+)"', html)
    assert "0,50 est le seuil" in label
    assert "au-dessus du seuil" in label
    assert "ce n’est pas une probabilité" in html


def test_a_rule_is_explained_even_when_the_needle_is_in_the_green() -> None:
    html = views.render_decision(FR, parse_explanation(MINOR), MODEL)
    assert "À la main du conseiller" in html
    assert "le client est mineur" in html
    assert "les revenus du client ne sont pas connus" in html
    assert "sous le seuil" in html


def test_the_reasons_are_the_apis_sentences() -> None:
    assert "diminue le risque estimé" in views.render_reasons(FR, parse_explanation(APPROVED))
    assert "raises the estimated risk" in views.render_reasons(EN, parse_explanation(DECLINED))


def test_a_decision_without_reasons_states_that_there_are_none() -> None:
    explanation = parse_explanation(APPROVED, reasons=[])
    assert "Aucun élément ne se détache" in views.render_reasons(FR, explanation)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_markup_in_the_apis_texts_is_escaped(language: Language) -> None:
    renderer = TemplateRenderer(language)
    profile = Profile.model_validate(make_profile(INJECTION))
    html = views.render_reasons(renderer, parse_explanation(INJECTION))
    html += views.render_profile(renderer, profile)
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img" in html
