from __future__ import annotations

import re

import pytest

from tests.support.page.api_responses import APPROVED, DECLINED, make_explanation
from tests.support.page.parsed_responses import EN, FR, MODEL, parse_explanation, strip_tags
from ui.waterfall import render_waterfall


@pytest.mark.parametrize("client", [APPROVED, DECLINED])
def test_the_table_adds_up_from_the_average_client_to_this_one(client: int) -> None:
    html = render_waterfall(EN, parse_explanation(client), MODEL).split("<details>")[0]
    points = re.findall(r"([+\u2212]?[\d,]+\.\d) pts", html)
    numbers = [float(text.replace("\u2212", "-").replace(",", "")) for text in points]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.05 * len(numbers))
    assert "risk 5.0%" in html


def test_concepts_beyond_the_largest_ten_are_summed() -> None:
    contribution = make_explanation(DECLINED)["contributions"][0]
    contributions = [contribution | {"concept": f"concept {index}"} for index in range(14)]
    explanation = parse_explanation(DECLINED, contributions=contributions)
    assert "Autres éléments (4)" in render_waterfall(FR, explanation, MODEL)


def test_an_effect_is_shown_by_sign_arrow_and_words_not_by_colour_alone() -> None:
    text = strip_tags(render_waterfall(FR, parse_explanation(DECLINED), MODEL))
    assert re.search(r"▼ \u2212\d+,\d pts , retire des points : risque en hausse", text)


def test_a_category_is_shown_with_the_models_label() -> None:
    assert "Lundi" in render_waterfall(FR, parse_explanation(DECLINED), MODEL)


def test_a_decision_of_an_earlier_model_is_still_rendered() -> None:
    other_model = MODEL.model_copy(update={"features": MODEL.features[:1]})
    assert "Revenus" in render_waterfall(FR, parse_explanation(DECLINED), other_model)
