"""The client store: dossiers by id, found by the first digits of the id."""

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
    kept = ClientStore(path)
    kept.save(told(*IDS))
    return kept


def told(*ids: int, credit: float = 1.0) -> Iterator[tuple[int, str]]:
    for client in ids:
        person = make_applicant_without_history(SK_ID_CURR=client, AMT_CREDIT=credit)
        yield client, orjson.dumps(person).decode()


def test_a_dossier_is_found_by_its_clients_id_as_it_was_kept(path: Path) -> None:
    store = ClientStore(path)
    assert store.save([(42, orjson.dumps(make_applicant()).decode())]) == 1
    assert store.get_dossier(42) == make_applicant()


def test_an_unknown_client_is_named(store: ClientStore) -> None:
    with pytest.raises(UnknownClient, match="no client 99 is kept here"):
        store.get_dossier(99)


def test_an_empty_store_knows_nobody(path: Path) -> None:
    store = ClientStore(path)
    assert store.search("", 10) == ([], 0)
    with pytest.raises(UnknownClient):
        store.get_dossier(1)


@pytest.mark.parametrize(
    ("prefix", "found"),
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
def test_clients_are_found_by_their_first_digits_smallest_first(
    store: ClientStore, prefix: str, found: list[int]
) -> None:
    assert store.search(prefix, 100) == (found, len(found))


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_only_the_first_are_listed_but_all_are_counted(store: ClientStore, limit: int) -> None:
    found, total = store.search("10", limit)
    assert found == [10, 100, 100_002, 100_003, 1_000_020][:limit]
    assert total == 5


@settings(max_examples=20)
@given(st.sets(st.integers(0, 2**53), max_size=20), st.integers(1, 2**53))
def test_a_search_finds_whom_the_digits_say(
    tmp_path_factory: pytest.TempPathFactory, ids: set[int], some: int
) -> None:
    store = ClientStore(tmp_path_factory.mktemp("home") / "clients.sqlite")
    store.save((client, "{}") for client in ids)
    for prefix in {str(some)[:2], *(str(client)[:3] for client in ids - {0})}:
        expected = sorted(client for client in ids if str(client).startswith(prefix))
        assert store.search(prefix, 100) == (expected, len(expected))


@pytest.mark.parametrize(("prefix", "found"), [("0", [0]), ("00", []), ("01", [])])
def test_a_zero_in_front_is_a_digit(store: ClientStore, prefix: str, found: list[int]) -> None:
    assert store.search(prefix, 100) == (found, len(found))


def test_a_client_kept_again_is_replaced(store: ClientStore) -> None:
    assert store.save(told(100_002, 5, credit=2.0)) == 2
    assert store.get_dossier(100_002)["application"]["AMT_CREDIT"] == 2
    assert store.get_dossier(100_003)["application"]["AMT_CREDIT"] == 1
    assert store.search("", 100)[1] == len(IDS) + 1


def test_all_are_kept_or_none(store: ClientStore) -> None:
    def breaking_off() -> Iterator[tuple[int, str]]:
        yield from told(100_002, 6, credit=3.0)
        raise OSError("the file ended")

    with pytest.raises(OSError, match="the file ended"):
        store.save(breaking_off())
    assert store.get_dossier(100_002)["application"]["AMT_CREDIT"] == 1
    assert 6 not in store.search("", 100)[0]


def test_what_is_kept_is_there_when_the_store_is_opened_again(
    path: Path, store: ClientStore
) -> None:
    again = ClientStore(path)
    assert again.search("", 100) == store.search("", 100)
    assert again.get_dossier(7) == store.get_dossier(7)


def test_many_threads_read_while_one_writes(store: ClientStore) -> None:
    def read(number: int) -> float:
        credit: float = store.get_dossier(IDS[number % len(IDS)])["application"]["AMT_CREDIT"]
        assert store.search("10", 3)[1] == 5
        return credit

    with ThreadPoolExecutor(8) as readers:
        reading = [readers.submit(read, number) for number in range(200)]
        store.save(told(*IDS, credit=2.0))
        assert {one.result() for one in reading} <= {1.0, 2.0}
    assert read(0) == 2


def test_another_process_sees_what_was_kept(path: Path, store: ClientStore) -> None:
    del store
    with get_context("spawn").Pool(1) as processes:
        assert processes.apply(_search, (path,)) == ([10, 100, 100_002, 100_003, 1_000_020], 5)


def _search(path: Path) -> tuple[list[int], int]:
    return ClientStore(path).search("10", 100)
