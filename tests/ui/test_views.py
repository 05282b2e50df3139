from __future__ import annotations

import re
from typing import Any

import pytest

from tests.ui import made
from ui import views
from ui.api_models import Explanation, Feature, Language, Position, Profile, ServedModel
from ui.population_view import render_position
from ui.rendering import TemplateRenderer
from ui.waterfall import render_waterfall

MODEL = ServedModel.model_validate(made.model())
FR, EN = TemplateRenderer("fr"), TemplateRenderer("en")


def told(client: int, **other: Any) -> Explanation:
    return Explanation.model_validate(made.explanation(client) | other)


def shown(
    name: str, drawing: TemplateRenderer = FR, *, similar: bool = False, **other: Any
) -> str:
    """The place of a client by one feature, as text without tags."""
    [feature] = [one for one in MODEL.features if one.name == name]
    found = Position.model_validate(made.position(name, similar=similar) | other)
    return render_position(drawing, found, feature)


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (made.APPROVED, "Proposition : crédit accordé"),
        (made.REFERRED, "À la main du conseiller"),
        (made.DECLINED, "Proposition : crédit refusé"),
    ],
)
def test_an_outcome_is_a_proposal_or_the_advisers(client: int, words: str) -> None:
    html = views.render_decision(FR, told(client), MODEL)
    assert words in text(html)
    assert ("confirmée par un conseiller" in html) is (client != made.REFERRED)


def test_an_automatic_outcome_is_no_proposal() -> None:
    automatic = ServedModel.model_validate(made.model("automatic"))
    html = views.render_decision(FR, told(made.APPROVED), automatic)
    assert "Crédit accordé" in html
    assert "Proposition" not in html


def test_the_gauge_tells_its_index_and_says_that_it_is_no_probability() -> None:
    html = views.render_decision(FR, told(made.DECLINED), MODEL)
    [label] = re.findall(r'role="img" aria-label="([^"]+)"', html)
    assert "0,50 est le seuil" in label
    assert "au-dessus du seuil" in label
    assert "ce n’est pas une probabilité" in html


def test_a_rule_is_told_in_words_even_when_the_needle_stands_in_the_green() -> None:
    html = views.render_decision(FR, told(made.MINOR), MODEL)
    assert "À la main du conseiller" in html
    assert "le client est mineur" in html
    assert "les revenus du client ne sont pas connus" in html
    assert "sous le seuil" in html


def test_the_reasons_are_the_apis_sentences() -> None:
    assert "diminue le risque estimé" in views.render_reasons(FR, told(made.APPROVED))
    assert "raises the estimated risk" in views.render_reasons(EN, told(made.DECLINED))


def test_no_reason_is_said_to_be_none() -> None:
    assert "Aucun élément ne se détache" in views.render_reasons(
        FR, told(made.APPROVED, reasons=[])
    )


@pytest.mark.parametrize("client", [made.APPROVED, made.DECLINED])
def test_the_table_adds_up_from_the_average_client_to_this_one(client: int) -> None:
    html = render_waterfall(EN, told(client), MODEL).split("<details>")[0]
    cells = re.findall(r"([+\u2212]?[\d,]+\.\d) pts", html)
    numbers = [float(cell.replace("\u2212", "-").replace(",", "")) for cell in cells]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.05 * len(numbers))
    assert "risk 5.0%" in html


def test_what_is_not_told_one_by_one_is_summed() -> None:
    many = [
        made.explanation(made.DECLINED)["contributions"][0] | {"concept": f"concept {place}"}
        for place in range(14)
    ]
    assert "Autres éléments (4)" in render_waterfall(
        FR, told(made.DECLINED, contributions=many), MODEL
    )


def test_an_effect_is_told_by_sign_arrow_and_words_not_by_colour_alone() -> None:
    said = text(render_waterfall(FR, told(made.DECLINED), MODEL))
    assert re.search(r"▼ \u2212\d+,\d pts , retire des points : risque en hausse", said)


def test_a_category_is_told_in_the_words_of_the_model() -> None:
    assert "Lundi" in render_waterfall(FR, told(made.DECLINED), MODEL)
    assert "Cuisine" in shown("occupation")


def test_a_decision_of_a_model_that_serves_no_more_is_still_told() -> None:
    other = MODEL.model_copy(update={"features": MODEL.features[:1]})
    assert "Revenus" in render_waterfall(FR, told(made.DECLINED), other)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_words_of_the_api_are_never_markup(language: Language) -> None:
    drawing = TemplateRenderer(language)
    html = views.render_reasons(drawing, told(made.SLY)) + views.render_profile(
        drawing, Profile.model_validate(made.profile(made.SLY))
    )
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img" in html


def test_the_place_is_told_in_words_and_figures() -> None:
    said = text(shown("income"))
    assert "28 % des clients ont une valeur inférieure ou égale." in said
    assert "Parmi les 310 clients de la même tranche, 3,2 % ont eu des difficultés" in said
    assert "900 clients comparés" in said


def test_similar_clients_are_said_to_be_so() -> None:
    said = text(shown("income", similar=True))
    assert "même cinquième de risque" in said
    assert "105 clients comparés" in said


def test_too_few_clients_near_say_nothing() -> None:
    assert "même tranche" not in text(shown("income", similar=True))


def test_an_unknown_value_is_said_to_be_unknown_and_drawn_nowhere() -> None:
    html = shown("score_3")
    assert "Valeur non connue pour ce client, comme pour 25 autres." in html
    assert 'class="mark"' not in html


def test_categories_are_a_table_with_the_clients_own_marked() -> None:
    html = shown("occupation")
    assert "<table" in html
    assert re.search(r'class="mine">\s*<th scope="row">Cuisine <b>Ce client', html)
    assert "60,0\u00a0%" in html


def test_a_flag_is_yes_or_no() -> None:
    said = text(shown("owns_car"))
    assert "oui Ce client" in said
    assert "non" in said


def test_many_categories_are_summed_but_the_clients_own_is_shown() -> None:
    crowd = made.words({f"sector {place}": (500 - place, 9) for place in range(30)})
    own = made.words({"Cooks": (1, 0)})
    html = shown("occupation", bins=crowd + own)
    assert "Autres (20)" in html
    assert "Cuisine" in html


def test_a_feature_unknown_to_the_page_is_drawn_all_the_same() -> None:
    label = {"fr": "Neuf", "en": "New"}
    new = {"name": "new", "label": label, "unit": "parsecs", "concept": "x"}
    feature = Feature.model_validate(new | {"concept_label": label, "words": {}})
    found = Position.model_validate(made.position("income"))
    assert "Neuf" in render_position(FR, found, feature)
