from __future__ import annotations

import re
from typing import Any

from tests.support.page.api_responses import make_category_bins, make_position
from tests.support.page.parsed_responses import FR, MODEL, strip_tags
from ui.api_models import Feature, Position
from ui.population_view import render_position


def render(name: str, *, similar: bool = False, **overrides: Any) -> str:
    """Render a client's position by one feature, with some fields of the response replaced."""
    [feature] = [feature for feature in MODEL.features if feature.name == name]
    position = Position.model_validate(make_position(name, similar=similar) | overrides)
    return render_position(FR, position, feature)


def test_a_category_is_shown_with_the_models_label() -> None:
    assert "Cuisine" in render("occupation")


def test_the_position_is_described_in_words_and_figures() -> None:
    text = strip_tags(render("income"))
    assert "28 % des clients ont une valeur inférieure ou égale." in text
    assert "Parmi les 310 clients de la même tranche, 3,2 % ont eu des difficultés" in text
    assert "900 clients comparés" in text


def test_a_comparison_with_similar_clients_is_marked() -> None:
    text = strip_tags(render("income", similar=True))
    assert "même cinquième de risque" in text
    assert "105 clients comparés" in text


def test_a_small_bin_has_no_share_of_difficulties() -> None:
    assert "même tranche" not in strip_tags(render("income", similar=True))


def test_an_unknown_value_is_stated_and_not_drawn() -> None:
    html = render("score_3")
    assert "Valeur non connue pour ce client, comme pour 25 autres." in html
    assert 'class="mark"' not in html


def test_categories_are_a_table_with_the_clients_own_marked() -> None:
    html = render("occupation")
    assert "<table" in html
    assert re.search(r'class="mine">\s*<th scope="row">Cuisine <b>Ce client', html)
    assert "60,0\u00a0%" in html


def test_a_flag_is_yes_or_no() -> None:
    text = strip_tags(render("owns_car"))
    assert "oui Ce client" in text
    assert "non" in text


def test_rare_categories_are_summed_but_the_clients_own_is_shown() -> None:
    common = make_category_bins({f"sector {index}": (500 - index, 9) for index in range(30)})
    own_category = make_category_bins({"Cooks": (1, 0)})
    html = render("occupation", bins=common + own_category)
    assert "Autres (20)" in html
    assert "Cuisine" in html


def test_a_feature_with_an_unknown_unit_is_rendered() -> None:
    label = {"fr": "Neuf", "en": "New"}
    new = {"name": "new", "label": label, "unit": "parsecs", "concept": "x"}
    feature = Feature.model_validate(new | {"concept_label": label, "words": {}})
    position = Position.model_validate(make_position("income"))
    assert "Neuf" in render_position(FR, position, feature)
