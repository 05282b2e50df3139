from __future__ import annotations

import re

import pytest

from ui.api_client import ApiError
from ui.messages import Message, Messages
from ui.views import MESSAGE_NAMES

MESSAGES = {name: text for name, text in vars(Messages).items() if isinstance(text, Message)}
FRENCH = Messages("fr")


def find_placeholders(text: str) -> set[str]:
    return set(re.findall(r"{\w+}", text))


def test_every_text_exists_in_both_languages_with_the_same_placeholders() -> None:
    offenders = [
        name
        for name, text in MESSAGES.items()
        if not (text.fr and text.en and find_placeholders(text.fr) == find_placeholders(text.en))
    ]
    assert offenders == []


def test_no_french_line_can_begin_with_a_punctuation_mark() -> None:
    offenders = [name for name, text in MESSAGES.items() if re.search(r" [:;?!%»]|« ", text.fr)]
    assert offenders == []


def test_the_risk_is_one_of_payment_difficulties_never_of_default() -> None:
    texts = " ".join(text.fr + text.en for text in MESSAGES.values()).lower()
    for word in ("défaut", "default", "rembours", "repay", "solvab"):
        assert word not in texts
    assert FRENCH.risk == "Risque estimé de difficultés de paiement"


@pytest.mark.parametrize("kind", ["outcome", "threshold_note", "key", "zone"])
@pytest.mark.parametrize("outcome", ["approve", "refer", "decline"])
def test_every_outcome_has_texts(kind: str, outcome: str) -> None:
    assert f"{kind}_{outcome}" in MESSAGES


@pytest.mark.parametrize("code", ["income-unknown", "minor", "instalment-above-income"])
def test_every_rule_of_the_policy_has_a_text(code: str) -> None:
    assert FRENCH.message_for_code("rule", code) != code


def test_a_code_without_a_text_is_shown_as_it_is() -> None:
    assert FRENCH.message_for_code("rule", "brand-new") == "brand-new"


@pytest.mark.parametrize("error", ApiError.__subclasses__())
def test_every_error_has_a_title_and_a_text(error: type[ApiError]) -> None:
    assert f"{MESSAGE_NAMES[error]}_title" in MESSAGES
    assert f"{MESSAGE_NAMES[error]}_text" in MESSAGES
