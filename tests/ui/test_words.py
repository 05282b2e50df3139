from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from ui.api_client import ApiError
from ui.messages import Message, Messages
from ui.number_format import NumberFormatter
from ui.views import MESSAGE_NAMES

SAID = {name: said for name, said in vars(Messages).items() if isinstance(said, Message)}
FR, EN = Messages("fr"), Messages("en")


@pytest.mark.parametrize("name", SAID)
def test_everything_is_said_in_both_languages(name: str) -> None:
    said = SAID[name]
    assert said.fr
    assert said.en
    assert holes(said.fr) == holes(said.en)


def holes(text: str) -> set[str]:
    return set(re.findall(r"{\w+}", text))


@pytest.mark.parametrize("name", SAID)
def test_no_french_line_begins_with_a_mark(name: str) -> None:
    assert not re.search(r" [:;?!%»]|« ", SAID[name].fr)


def test_the_risk_is_one_of_payment_difficulties_never_of_default() -> None:
    said = " ".join(one.fr + one.en for one in SAID.values()).lower()
    for word in ("défaut", "default", "rembours", "repay", "solvab"):
        assert word not in said
    assert FR.risk == "Risque estimé de difficultés de paiement"


@pytest.mark.parametrize("kind", ["outcome", "say", "key", "zone"])
@pytest.mark.parametrize("outcome", ["approve", "refer", "decline"])
def test_every_outcome_has_words(kind: str, outcome: str) -> None:
    assert f"{kind}_{outcome}" in SAID


@pytest.mark.parametrize("code", ["income-unknown", "minor", "instalment-above-income"])
def test_every_rule_of_the_policy_has_words(code: str) -> None:
    assert FR.message_for_code("rule", code) != code


def test_a_code_without_words_is_shown_as_it_is() -> None:
    assert FR.message_for_code("rule", "brand-new") == "brand-new"


@pytest.mark.parametrize("error", ApiError.__subclasses__())
def test_every_error_says_what_is_the_matter_and_what_to_do(error: type[ApiError]) -> None:
    assert f"{MESSAGE_NAMES[error]}_title" in SAID
    assert f"{MESSAGE_NAMES[error]}_text" in SAID


@pytest.mark.parametrize(
    ("value", "unit", "fr", "en"),
    [
        (135000.0, "currency", "135\u202f000", "135,000"),
        (-1234.5, "ratio", "\u22121\u202f234,5", "\u22121,234.5"),
        (0.125, "share", "12,5\u00a0%", "12.5%"),
        (1.0, "share", "100\u00a0%", "100%"),
        (637.0, "days", "637\u00a0jours", "637\u00a0days"),
        (1.0, "days", "1\u00a0jour", "1\u00a0day"),
        (0.0, "days", "0\u00a0jour", "0\u00a0days"),
        (1.5, "months", "1,5\u00a0mois", "1.5\u00a0months"),
        (9461.0, "days", "25,9\u00a0ans", "25.9\u00a0years"),
        (0.26, "score", "0,26", "0.26"),
        (-0.001, "score", "0", "0"),
        (1.0, "flag", "oui", "yes"),
        (0.0, "flag", "non", "no"),
        (None, "currency", "non connu", "not known"),
        (3.0, "a unit of tomorrow", "3", "3"),
    ],
)
def test_values_are_written_as_each_language_does(
    value: float | None, unit: str, fr: str, en: str
) -> None:
    assert (
        NumberFormatter(FR).format_value(value, unit),
        NumberFormatter(EN).format_value(value, unit),
    ) == (fr, en)


def test_effects_always_carry_their_sign() -> None:
    numbers = NumberFormatter(FR)
    assert [numbers.format_signed(one) for one in (5.55, -5.55, 0.0)] == [
        "+5,5",
        "\u22125,5",
        "+0,0",
    ]


def test_a_moment_is_told_to_the_minute() -> None:
    at = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
    assert (NumberFormatter(FR).format_datetime(at), NumberFormatter(EN).format_datetime(at)) == (
        "01/06/2026 09:30",
        "2026-06-01 09:30",
    )
