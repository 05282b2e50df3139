"""The client store: dossiers by client id, found by the first digits of the id."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.errors import UnknownClient
from stores.clients.store import ClientStore
from tests.support.example_dossiers import make_applicant, make_applicant_without_history

IDS = [0, 1, 7, 10, 12, 100, 100_002, 100_003, 1_000_020, 2**53]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "clients.sqlite"


@pytest.fixture
def store(path: Path) -> ClientStore:
    store = ClientStore(path)
    store.save(iter_documents(*IDS))
    return store


def iter_documents(*ids: int, credit: float = 1.0) -> Iterator[tuple[int, str]]:
    for client_id in ids:
        dossier = make_applicant_without_history(SK_ID_CURR=client_id, AMT_CREDIT=credit)
        yield client_id, orjson.dumps(dossier).decode()


def test_a_dossier_is_returned_as_it_was_stored(path: Path) -> None:
    store = ClientStore(path)
    assert store.save([(42, orjson.dumps(make_applicant()).decode())]) == 1
    assert store.get_dossier(42) == make_applicant()


def test_an_unknown_client_is_named(store: ClientStore) -> None:
    with pytest.raises(UnknownClient) as caught:
        store.get_dossier(99)
    assert str(caught.value) == str(UnknownClient(99))
    assert "99" in str(caught.value)


def test_an_empty_store_has_no_clients(path: Path) -> None:
    store = ClientStore(path)
    assert store.search("", 10) == ([], 0)
    with pytest.raises(UnknownClient):
        store.get_dossier(1)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", IDS),
        ("1", [1, 10, 12, 100, 100_002, 100_003, 1_000_020]),
        ("10", [10, 100, 100_002, 100_003, 1_000_020]),
        ("100002", [100_002, 1_000_020]),
        ("100003", [100_003]),
        ("1000020", [1_000_020]),
        ("9007199254740992", [2**53]),
        ("5", []),
        ("99999999999999999", []),
    ],
)
def test_clients_are_found_by_their_first_digits_in_ascending_order(
    store: ClientStore, prefix: str, expected: list[int]
) -> None:
    assert store.search(prefix, 100) == (expected, len(expected))


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_a_limited_search_still_counts_all_matches(store: ClientStore, limit: int) -> None:
    ids, total = store.search("10", limit)
    assert ids == [10, 100, 100_002, 100_003, 1_000_020][:limit]
    assert total == 5


@settings(max_examples=20)
@given(st.sets(st.integers(0, 2**53), max_size=20), st.integers(1, 2**53))
def test_a_search_finds_exactly_the_ids_with_the_prefix(
    tmp_path_factory: pytest.TempPathFactory, ids: set[int], other_id: int
) -> None:
    store = ClientStore(tmp_path_factory.mktemp("home") / "clients.sqlite")
    store.save((client_id, "{}") for client_id in ids)
    for prefix in {str(other_id)[:2], *(str(client_id)[:3] for client_id in ids - {0})}:
        expected = sorted(client_id for client_id in ids if str(client_id).startswith(prefix))
        assert store.search(prefix, 100) == (expected, len(expected))


@pytest.mark.parametrize(("prefix", "expected"), [("0", [0]), ("00", []), ("01", [])])
def test_a_leading_zero_is_a_digit(store: ClientStore, prefix: str, expected: list[int]) -> None:
    assert store.search(prefix, 100) == (expected, len(expected))


def test_a_client_stored_again_is_replaced(store: ClientStore) -> None:
    assert store.save(iter_documents(100_002, 5, credit=2.0)) == 2
    assert store.get_dossier(100_002)["application"]["AMT_CREDIT"] == 2
    assert store.get_dossier(100_003)["application"]["AMT_CREDIT"] == 1
    assert store.search("", 100)[1] == len(IDS) + 1


def test_a_failed_save_stores_nothing(store: ClientStore) -> None:
    def iter_and_fail() -> Iterator[tuple[int, str]]:
        yield from iter_documents(100_002, 6, credit=3.0)
        raise OSError("the file ended")

    with pytest.raises(OSError, match="the file ended"):
        store.save(iter_and_fail())
    assert store.get_dossier(100_002)["application"]["AMT_CREDIT"] == 1
    assert 6 not in store.search("", 100)[0]


def test_a_store_opened_again_has_the_same_clients(path: Path, store: ClientStore) -> None:
    reopened = ClientStore(path)
    assert reopened.search("", 100) == store.search("", 100)
    assert reopened.get_dossier(7) == store.get_dossier(7)


def test_many_threads_read_while_one_writes(store: ClientStore) -> None:
    def read(number: int) -> float:
        credit: float = store.get_dossier(IDS[number % len(IDS)])["application"]["AMT_CREDIT"]
        assert store.search("10", 3)[1] == 5
        return credit

    with ThreadPoolExecutor(8) as readers:
        futures = [readers.submit(read, number) for number in range(200)]
        store.save(iter_documents(*IDS, credit=2.0))
        assert {future.result() for future in futures} <= {1.0, 2.0}
    assert read(0) == 2


def test_another_process_sees_the_stored_clients(path: Path, store: ClientStore) -> None:
    del store
    with get_context("spawn").Pool(1) as processes:
        assert processes.apply(search_from_path, (path,)) == (
            [10, 100, 100_002, 100_003, 1_000_020],
            5,
        )


def search_from_path(path: Path) -> tuple[list[int], int]:
    return ClientStore(path).search("10", 100)
