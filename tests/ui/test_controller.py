from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from tests.support.page.api_responses import APPROVED, DECLINED
from tests.support.page.fake_api import FakeApi, make_failure
from ui.api_client import ApiClient
from ui.api_models import Language
from ui.controller import AdviserController, ClientFile, Suggestions

ResultT = TypeVar("ResultT")


def run_controller(
    fake_api: FakeApi,
    action: Callable[[AdviserController], Awaitable[ResultT]],
    language: Language = "fr",
) -> ResultT:
    """Run one action of a new controller, and return its result."""

    async def run_and_close() -> ResultT:
        client = ApiClient(fake_api.url)
        try:
            return await action(AdviserController(client, language))
        finally:
            await client.close()

    return asyncio.run(run_and_close())


def open_file(
    fake_api: FakeApi, typed: str, feature: str | None = None, key: str = ""
) -> ClientFile:
    return run_controller(
        fake_api,
        lambda controller: controller.open_file(typed, feature, similar=False, key=key),
    )


def suggest_clients(fake_api: FakeApi, typed: str, language: Language = "fr") -> Suggestions:
    return run_controller(fake_api, lambda controller: controller.suggest_clients(typed), language)


def compare_feature(fake_api: FakeApi, feature: str) -> str:
    return run_controller(
        fake_api,
        lambda controller: controller.compare_feature(DECLINED, feature, similar=False),
    )


@pytest.mark.parametrize("typed", ["", "abc", "-3", "1.5", "1e5", "²", "\uff11", "9" * 17, "<b>"])
def test_an_invalid_number_gets_a_message_and_no_request(api: FakeApi, typed: str) -> None:
    file = open_file(api, typed)
    assert "Numéro de client à vérifier" in file.message
    assert file.client is None
    assert api.requests == []


def test_a_number_may_contain_spaces(api: FakeApi) -> None:
    assert open_file(api, " 100\u202f001 ").client == APPROVED


def test_every_submission_gets_a_new_decision(api: FakeApi) -> None:
    first, second = open_file(api, "100001"), open_file(api, "100001")
    assert first.key != second.key
    assert api.decision_keys == [first.key, second.key]


def test_an_earlier_decision_is_shown_again_by_its_key(api: FakeApi) -> None:
    assert open_file(api, "100001", key="the same").key == "the same"
    assert api.decision_keys == ["the same"]


def test_the_compared_feature_is_kept_for_the_next_client(api: FakeApi) -> None:
    assert open_file(api, "100001").feature == "score_2"
    assert open_file(api, "100001", feature="income").feature == "income"
    assert open_file(api, "100001", feature="of another model").feature == "score_2"


def test_without_a_position_the_rest_is_still_shown(api: FakeApi) -> None:
    api.overrides["/v1/clients/100001/position"] = make_failure(500, "internal-error")
    file = open_file(api, "100001")
    assert "Proposition" in file.decision
    assert "La comparaison n’est pas disponible" in file.position


@pytest.mark.parametrize(
    ("path", "response", "message"),
    [
        ("/explain", make_failure(500, "internal-error"), "n’a pas pu répondre"),
        ("/v1/model", (200, b"{}"), "n’a pas pu répondre"),
        ("/explain", make_failure(422, "invalid-request"), "n’a pas pu être étudié"),
    ],
)
def test_a_failure_is_explained_without_internals(
    api: FakeApi, path: str, response: tuple[int, bytes], message: str
) -> None:
    api.overrides[path] = response
    file = open_file(api, "100001")
    assert message in file.message
    assert file.decision == ""
    assert "in a test" not in file.message


def test_the_message_names_an_unknown_client(api: FakeApi) -> None:
    assert "Client 424242 inconnu" in open_file(api, "424242").message


def test_a_failed_comparison_shows_a_message(api: FakeApi) -> None:
    assert "pas disponible" in compare_feature(api, "unheard of")
    api.overrides["/v1/model"] = make_failure(500, "internal-error")
    assert "pas disponible" in compare_feature(api, "income")


@pytest.mark.parametrize(
    ("typed", "message", "count"),
    [
        ("1000", "99 clients commencent par 1000.", 20),
        ("100001", "1 client commence par 100001.", 1),
        ("7", "Aucun client ne commence par 7.", 0),
        ("", "50\u202f000 clients.", 20),
        ("1x", "Un numéro de client ne contient que des chiffres.", 0),
    ],
)
def test_a_search_shows_its_number_of_matches(
    api: FakeApi, typed: str, message: str, count: int
) -> None:
    suggestions = suggest_clients(api, typed)
    assert (suggestions["message"], len(suggestions["clients"])) == (message, count)


def test_a_failed_search_suggests_typing_the_whole_number(api: FakeApi) -> None:
    api.overrides["/v1/clients"] = make_failure(500, "internal-error")
    assert "A whole number can be typed" in suggest_clients(api, "1", "en")["message"]
