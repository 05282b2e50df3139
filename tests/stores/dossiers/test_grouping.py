"""Tables grouped into dossiers: a file of dossiers says what the documents say, bit for bit."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest
from rich.console import Console

from credit.contract.request import parse_request
from credit.dossier import DossierBatch
from credit.errors import InvalidTables
from credit.features import COLUMNS, CategoryEncoder, build
from credit.schema import HISTORIES
from stores.clients.store import ClientStore
from stores.dossiers.grouping import GroupingSummary, group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.progress import ProgressReporter
from stores.raw_tables.tables import read_tables
from tests.support.bit_equality import is_bit_identical
from tests.support.example_dossiers import (
    Dossier,
    make_applicant,
    make_applicant_with_history,
    make_applicant_without_history,
)
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import (
    TRAIN_TABLE,
    make_table_frame,
    make_table_frames,
    write_tables,
)

LABELS = np.arange(300) % 2


@pytest.fixture(scope="module")
def everyone() -> list[Dossier]:
    """Three hundred clients, as a folder with all seven files tells them."""
    return make_random_dossiers(300, seed=21, complete=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, everyone: list[Dossier]) -> DossierFile:
    folder = write_tables(
        tmp_path_factory.mktemp("tables"), make_table_frames(everyone, labels=LABELS), ".csv"
    )
    return grouped(folder, labelled=True)[0]


def grouped(folder: Path, *, labelled: bool = False) -> tuple[DossierFile, GroupingSummary]:
    out = folder / "dossiers" / "some.parquet"
    tables = read_tables(folder, labelled=labelled, cache=folder / "cache")
    grouping = group_into_dossiers(tables, out)
    return DossierFile(out), grouping


def by_client(file: DossierFile) -> dict[int, Dossier]:
    return {client: orjson.loads(document) for client, document in file.iter_documents()}


def said(person: Dossier) -> dict[str, object]:
    """What a dossier says in its known cells, in whatever order, but for orphan months."""
    credits_there = {credit["SK_ID_BUREAU"] for credit in person["bureau"]}
    rows = {name: person[name] for name in person.keys() & HISTORIES}
    rows["bureau_balance"] = [
        month for month in person["bureau_balance"] if month["SK_ID_BUREAU"] in credits_there
    ]
    form = {name: cell for name, cell in person["application"].items() if cell is not None}
    return {
        "application": form,
        **{name: sorted(map(_cells, rows[name]), key=str) for name in rows},
    }


def _cells(row: dict[str, object]) -> list[tuple[str, object]]:
    return sorted((n, cell) for n, cell in row.items() if cell is not None and n != "SK_ID_CURR")


def test_every_client_comes_back_as_he_was_written(
    file: DossierFile, everyone: list[Dossier]
) -> None:
    documents = by_client(file)
    assert len(documents) == len(file) == len(everyone)
    for person in everyone:
        assert said(documents[person["application"]["SK_ID_CURR"]]) == said(person)


def test_what_comes_back_is_a_valid_request(file: DossierFile) -> None:
    for _, document in list(file.iter_documents())[:50]:
        parse_request(f'{{"dossier": {document}}}'.encode())


def test_the_file_and_its_documents_make_the_same_features_to_the_last_bit(
    file: DossierFile, everyone: list[Dossier], categories: CategoryEncoder
) -> None:
    from_file = np.concatenate(
        [build(part, categories) for part in file.iter_batches(COLUMNS, size=64)]
    )
    documents = [orjson.loads(document) for _, document in file.iter_documents()]
    assert is_bit_identical(
        from_file, build(DossierBatch.from_documents(documents, COLUMNS), categories)
    )
    originally = {person["application"]["SK_ID_CURR"]: person for person in everyone}
    in_order = [originally[int(client)] for client in file.client_ids]
    assert is_bit_identical(
        from_file, build(DossierBatch.from_documents(in_order, COLUMNS), categories)
    )


@pytest.mark.parametrize("size", [17, 4_096])
def test_the_size_of_a_batch_changes_nothing(
    file: DossierFile, categories: CategoryEncoder, size: int
) -> None:
    whole = np.concatenate([build(part, categories) for part in file.iter_batches(COLUMNS)])
    parts = np.concatenate(
        [build(part, categories) for part in file.iter_batches(COLUMNS, size=size)]
    )
    assert is_bit_identical(whole, parts)


def test_labels_and_columns_stand_beside_their_clients(
    file: DossierFile, everyone: list[Dossier]
) -> None:
    place = file.client_ids - 1
    assert file.labels.tolist() == LABELS[place].tolist()
    assert file.read_column("CODE_GENDER") == [
        everyone[number]["application"]["CODE_GENDER"] for number in place
    ]


def test_an_empty_history_is_known_where_there_is_a_file_and_unknown_where_there_is_none(
    tmp_path: Path,
) -> None:
    people = [
        {**make_applicant_with_history(bureau=[{}]), "POS_CASH_balance": None},
        {**make_applicant_without_history(SK_ID_CURR=43), "bureau": []},
    ]
    file, _ = grouped(write_tables(tmp_path, make_table_frames(people)))
    documents = by_client(file)
    assert documents[43]["bureau"] == []
    assert "POS_CASH_balance" not in documents[42].keys() | documents[43].keys()
    assert file.absent_histories == ("POS_CASH_balance",)
    [dossiers] = file.iter_batches()
    assert dossiers.tables["bureau"].known.all()
    assert not dossiers.tables["POS_CASH_balance"].known.any()
    assert len(dossiers.tables["POS_CASH_balance"]) == 0


def test_an_empty_file_of_a_history_says_that_nobody_has_any(tmp_path: Path) -> None:
    tables = make_table_frames([make_applicant()])
    tables["bureau"] = tables["bureau"].clear()
    file, grouping = grouped(write_tables(tmp_path, tables))
    [document] = by_client(file).values()
    assert document["bureau"] == []
    assert grouping.dropped_rows["bureau"] == 0


def test_rows_of_unknown_clients_are_dropped_and_counted(tmp_path: Path) -> None:
    tables = make_table_frames([make_applicant(), make_applicant_without_history(SK_ID_CURR=43)])
    somebody = make_table_frame(
        HISTORIES["bureau"],
        [{"SK_ID_CURR": 99, "SK_ID_BUREAU": 990 + place} for place in range(4)]
        + [{"SK_ID_CURR": None, "SK_ID_BUREAU": 1_000}],
    )
    months = [{"SK_ID_BUREAU": credit, "MONTHS_BALANCE": 0} for credit in (990, 5_555)]
    tables["bureau"] = pl.concat([tables["bureau"], somebody])
    tables["bureau_balance"] = pl.concat([
        tables["bureau_balance"], make_table_frame(HISTORIES["bureau_balance"], months)
    ])  # fmt: skip
    file, grouping = grouped(write_tables(tmp_path, tables))
    assert grouping.client_count == 2
    assert {name: count for name, count in grouping.dropped_rows.items() if count} == {
        "bureau": 5, "bureau_balance": 2,
    }  # fmt: skip
    assert len(by_client(file)[42]["bureau"]) == len(make_applicant()["bureau"])
    read = read_tables(tmp_path, cache=tmp_path / "cache")
    assert GroupingSummary.from_tables(read) == grouping


def test_months_without_their_credits_are_counted_as_dropped(tmp_path: Path) -> None:
    tables = make_table_frames([make_applicant()])
    del tables["bureau"]
    _, grouping = grouped(write_tables(tmp_path, tables))
    assert grouping.dropped_rows.get("bureau_balance") == len(tables["bureau_balance"])
    read = read_tables(tmp_path, cache=tmp_path / "cache")
    assert GroupingSummary.from_tables(read) == grouping


@pytest.mark.parametrize(
    ("absent", "dropped", "said"),
    [
        ((), {"bureau": 0}, ""),
        (("bureau",), {}, "absent, so unknown for every client: bureau\n"),
        ((), {"bureau": 1_234}, "rows of unknown clients dropped: 1,234 of bureau\n"),
        (
            ("credit_card_balance", "previous_application"),
            {"bureau": 5, "installments_payments": 0, "bureau_balance": 2},
            (
                "absent, so unknown for every client: credit_card_balance, previous_application; "
                "rows of unknown clients dropped: 5 of bureau, 2 of bureau_balance\n"
            ),
        ),
    ],
)
def test_absent_histories_and_rows_left_out_are_said_in_one_line(
    absent: tuple[str, ...], dropped: dict[str, int], said: str
) -> None:
    console = Console(file=StringIO(), width=40)
    GroupingSummary(7, absent, dropped).log_summary(ProgressReporter(console))
    assert console.file.getvalue() == said  # type: ignore[attr-defined] # a StringIO


def test_rows_of_an_unknown_earlier_application_are_kept(tmp_path: Path) -> None:
    person = make_applicant_with_history(
        previous_application=[], POS_CASH_balance=[{"SK_ID_PREV": 123}]
    )
    file, grouping = grouped(write_tables(tmp_path, make_table_frames([person])))
    assert len(by_client(file)[42]["POS_CASH_balance"]) == 1
    assert grouping.dropped_rows["POS_CASH_balance"] == 0


def test_clients_always_stand_in_the_same_order(tmp_path: Path) -> None:
    """Training is seeded by the place of a client in the file."""
    people = make_random_dossiers(200, seed=3, complete=True)
    folder = write_tables(tmp_path, make_table_frames(people))
    orders = [grouped(folder)[0].client_ids.tolist() for _ in range(3)]
    assert orders == [list(range(1, 201))] * 3


def test_clients_grouped_a_few_at_a_time_are_the_same(
    tmp_path: Path, file: DossierFile, everyone: list[Dossier], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.dossiers.grouping.CLIENTS_PER_SLICE", 64)
    folder = write_tables(tmp_path, make_table_frames(everyone[::-1], labels=LABELS[::-1]))
    sliced, grouping = grouped(folder, labelled=True)
    assert grouping.client_count == len(everyone)
    assert sliced.client_ids.tolist() == file.client_ids.tolist()
    assert sliced.labels.tolist() == file.labels.tolist()
    together, documents = by_client(file), by_client(sliced)
    assert all(said(documents[client]) == said(together[client]) for client in together)


def test_a_table_of_nobody_is_a_fault(tmp_path: Path) -> None:
    tables = make_table_frames([make_applicant()])
    with pytest.raises(InvalidTables, match="at least one row"):
        grouped(write_tables(tmp_path, {**tables, TRAIN_TABLE: tables[TRAIN_TABLE].clear()}))


def test_a_failed_grouping_leaves_the_file_of_before(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, make_table_frames([make_applicant()]))
    file, _ = grouped(folder)
    before = file.path.read_bytes()
    names = sorted(file.path.parent.iterdir())
    tables = read_tables(folder, cache=folder / "cache")
    (folder / f"{TRAIN_TABLE}.parquet").unlink()
    with pytest.raises((pl.exceptions.PolarsError, OSError)):
        group_into_dossiers(tables, file.path)
    assert file.path.read_bytes() == before
    assert sorted(file.path.parent.iterdir()) == names == [file.path]


def test_amounts_survive_the_client_store_to_the_last_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    amounts = [0.1 + 0.2, 1e-300, 5e-324, 1e10, 123_456_789.123_456_79, *rng.uniform(0, 1e6, 50)]
    people = [
        make_applicant_without_history(SK_ID_CURR=number, AMT_CREDIT=float(amount))
        for number, amount in enumerate(amounts)
    ]
    file, _ = grouped(write_tables(tmp_path, make_table_frames(people), ".csv"))
    store = ClientStore(tmp_path / "clients.sqlite")
    assert store.save(file.iter_documents()) == len(people)
    kept = [
        store.get_dossier(number)["application"]["AMT_CREDIT"] for number in range(len(amounts))
    ]
    assert kept == amounts


def test_words_survive_the_client_store_whatever_they_hold(tmp_path: Path) -> None:
    words = ['a "quoted", word', "back\\slash", "l’été", "新しい", "a\nb", "{}", " ", "\u2028"]
    people = [
        make_applicant_without_history(SK_ID_CURR=place, OCCUPATION_TYPE=word)
        for place, word in enumerate(words)
    ]
    file, _ = grouped(write_tables(tmp_path, make_table_frames(people)))
    store = ClientStore(tmp_path / "clients.sqlite")
    store.save(file.iter_documents())
    kept = [
        store.get_dossier(place)["application"]["OCCUPATION_TYPE"] for place in range(len(words))
    ]
    assert kept == words
