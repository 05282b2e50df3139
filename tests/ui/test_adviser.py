from __future__ import annotations

import asyncio

import pytest

from tests.ui import made
from tests.ui.fake_api import FakeApi, failure
from ui.api_client import ApiClient
from ui.api_models import Language
from ui.controller import AdviserController, ClientFile, Suggestions


def opened(fake: FakeApi, typed: str, feature: str | None = None, key: str = "") -> ClientFile:
    async def one() -> ClientFile:
        api = ApiClient(fake.url)
        try:
            return await AdviserController(api, "fr").open_file(
                typed, feature, similar=False, key=key
            )
        finally:
            await api.close()

    return asyncio.run(one())


def suggested(fake: FakeApi, typed: str, language: Language = "fr") -> Suggestions:
    async def one() -> Suggestions:
        api = ApiClient(fake.url)
        try:
            return await AdviserController(api, language).suggest_clients(typed)
        finally:
            await api.close()

    return asyncio.run(one())


def compared(fake: FakeApi, feature: str) -> str:
    async def one() -> str:
        api = ApiClient(fake.url)
        try:
            return await AdviserController(api, "fr").compare_feature(
                made.DECLINED, feature, similar=False
            )
        finally:
            await api.close()

    return asyncio.run(one())


@pytest.mark.parametrize("typed", ["", "abc", "-3", "1.5", "1e5", "²", "\uff11", "9" * 17, "<b>"])
def test_rubbish_is_told_and_never_asked_of_the_api(api: FakeApi, typed: str) -> None:
    file = opened(api, typed)
    assert "Numéro de client à vérifier" in file.message
    assert file.client is None
    assert api.asked == []


def test_a_number_may_be_typed_with_spaces(api: FakeApi) -> None:
    assert opened(api, " 100\u202f001 ").client == made.APPROVED


def test_every_question_gets_a_decision_of_its_own(api: FakeApi) -> None:
    first, second = opened(api, "100001"), opened(api, "100001")
    assert first.key != second.key
    assert api.decided == [first.key, second.key]


def test_a_decision_already_taken_is_shown_again(api: FakeApi) -> None:
    assert opened(api, "100001", key="the same").key == "the same"
    assert api.decided == ["the same"]


def test_the_feature_looked_at_stays_from_client_to_client(api: FakeApi) -> None:
    assert opened(api, "100001").feature == "score_2"
    assert opened(api, "100001", feature="income").feature == "income"
    assert opened(api, "100001", feature="of another model").feature == "score_2"


def test_without_a_place_the_rest_is_still_shown(api: FakeApi) -> None:
    api.instead["/v1/clients/100001/position"] = failure(500, "internal-error")
    file = opened(api, "100001")
    assert "Proposition" in file.decision
    assert "La comparaison n’est pas disponible" in file.position


@pytest.mark.parametrize(
    ("path", "told", "words"),
    [
        ("/explain", failure(500, "internal-error"), "n’a pas pu répondre"),
        ("/v1/model", (200, b"{}"), "n’a pas pu répondre"),
        ("/explain", failure(422, "invalid-request"), "n’a pas pu être étudié"),
    ],
)
def test_a_failure_is_told_in_words_without_its_insides(
    api: FakeApi, path: str, told: tuple[int, bytes], words: str
) -> None:
    api.instead[path] = told
    file = opened(api, "100001")
    assert words in file.message
    assert file.decision == ""
    assert "in a test" not in file.message


def test_an_unknown_client_is_named(api: FakeApi) -> None:
    assert "Client 424242 inconnu" in opened(api, "424242").message


def test_a_comparison_that_fails_says_so(api: FakeApi) -> None:
    assert "pas disponible" in compared(api, "unheard of")
    api.instead["/v1/model"] = failure(500, "internal-error")
    assert "pas disponible" in compared(api, "income")


@pytest.mark.parametrize(
    ("typed", "said", "count"),
    [
        ("1000", "99 clients commencent par 1000.", 20),
        ("100001", "1 client commence par 100001.", 1),
        ("7", "Aucun client ne commence par 7.", 0),
        ("", "50\u202f000 clients.", 20),
        ("1x", "Un numéro de client ne contient que des chiffres.", 0),
    ],
)
def test_a_search_says_how_many_it_found(api: FakeApi, typed: str, said: str, count: int) -> None:
    found = suggested(api, typed)
    assert (found["said"], len(found["clients"])) == (said, count)


def test_a_search_that_fails_says_what_can_be_done(api: FakeApi) -> None:
    api.instead["/v1/clients"] = failure(500, "internal-error")
    assert "A whole number can be typed" in suggested(api, "1", "en")["said"]
