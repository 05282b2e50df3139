"""Tables grouped into dossiers and read back: documents and features equal the originals."""

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
from credit.features import COLUMNS, FittedFeatures, build
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
def people() -> list[Dossier]:
    """Make 300 clients with all histories."""
    return make_random_dossiers(300, seed=21, complete=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, people: list[Dossier]) -> DossierFile:
    folder = write_tables(
        tmp_path_factory.mktemp("tables"), make_table_frames(people, labels=LABELS), ".csv"
    )
    return group_folder(folder, labelled=True)[0]


def group_folder(folder: Path, *, labelled: bool = False) -> tuple[DossierFile, GroupingSummary]:
    out = folder / "dossiers" / "some.parquet"
    tables = read_tables(folder, labelled=labelled, cache=folder / "cache")
    grouping = group_into_dossiers(tables, out)
    return DossierFile(out), grouping


def read_documents(file: DossierFile) -> dict[int, Dossier]:
    """Return every dossier by client id."""
    return {client_id: orjson.loads(document) for client_id, document in file.iter_documents()}


def normalise(person: Dossier) -> dict[str, object]:
    """Return the known cells of a dossier in a fixed order, without months of unknown credits."""
    credit_ids = {credit["SK_ID_BUREAU"] for credit in person["bureau"]}
    rows = {name: person[name] for name in person.keys() & HISTORIES}
    rows["bureau_balance"] = [
        month for month in person["bureau_balance"] if month["SK_ID_BUREAU"] in credit_ids
    ]
    form = {name: cell for name, cell in person["application"].items() if cell is not None}
    return {
        "application": form,
        **{name: sorted(map(list_cells, rows[name]), key=str) for name in rows},
    }


def list_cells(row: dict[str, object]) -> list[tuple[str, object]]:
    return sorted(
        (name, cell) for name, cell in row.items() if cell is not None and name != "SK_ID_CURR"
    )


def test_every_client_is_read_back_as_written(file: DossierFile, people: list[Dossier]) -> None:
    documents = read_documents(file)
    assert len(documents) == len(file) == len(people)
    for person in people:
        assert normalise(documents[person["application"]["SK_ID_CURR"]]) == normalise(person)


def test_documents_are_valid_requests(file: DossierFile) -> None:
    for _, document in list(file.iter_documents())[:50]:
        parse_request(f'{{"dossier": {document}}}'.encode())


def test_file_and_documents_yield_bit_identical_features(
    file: DossierFile, people: list[Dossier], fitted_features: FittedFeatures
) -> None:
    from_file = np.concatenate(
        [build(part, fitted_features) for part in file.iter_batches(COLUMNS, size=64)]
    )
    documents = [orjson.loads(document) for _, document in file.iter_documents()]
    assert is_bit_identical(
        from_file, build(DossierBatch.from_documents(documents, COLUMNS), fitted_features)
    )
    people_by_id = {person["application"]["SK_ID_CURR"]: person for person in people}
    people_in_order = [people_by_id[int(client_id)] for client_id in file.client_ids]
    assert is_bit_identical(
        from_file, build(DossierBatch.from_documents(people_in_order, COLUMNS), fitted_features)
    )


@pytest.mark.parametrize("size", [17, 4_096])
def test_the_batch_size_does_not_change_the_features(
    file: DossierFile, fitted_features: FittedFeatures, size: int
) -> None:
    single_batch = np.concatenate([build(b, fitted_features) for b in file.iter_batches(COLUMNS)])
    parts = np.concatenate(
        [build(part, fitted_features) for part in file.iter_batches(COLUMNS, size=size)]
    )
    assert is_bit_identical(single_batch, parts)


def test_labels_and_columns_are_in_the_order_of_the_clients(
    file: DossierFile, people: list[Dossier]
) -> None:
    indices = file.client_ids - 1
    assert file.labels.tolist() == LABELS[indices].tolist()
    assert file.read_column("CODE_GENDER") == [
        people[index]["application"]["CODE_GENDER"] for index in indices
    ]


def test_a_history_without_rows_is_empty_if_its_file_exists_and_else_unknown(
    tmp_path: Path,
) -> None:
    people = [
        {**make_applicant_with_history(bureau=[{}]), "POS_CASH_balance": None},
        {**make_applicant_without_history(SK_ID_CURR=43), "bureau": []},
    ]
    file, _ = group_folder(write_tables(tmp_path, make_table_frames(people)))
    documents = read_documents(file)
    assert documents[43]["bureau"] == []
    assert "POS_CASH_balance" not in documents[42].keys() | documents[43].keys()
    assert file.absent_histories == ("POS_CASH_balance",)
    [dossiers] = file.iter_batches()
    assert dossiers.tables["bureau"].known.all()
    assert not dossiers.tables["POS_CASH_balance"].known.any()
    assert len(dossiers.tables["POS_CASH_balance"]) == 0


def test_an_empty_history_file_means_that_no_client_has_that_history(tmp_path: Path) -> None:
    tables = make_table_frames([make_applicant()])
    tables["bureau"] = tables["bureau"].clear()
    file, grouping = group_folder(write_tables(tmp_path, tables))
    [document] = read_documents(file).values()
    assert document["bureau"] == []
    assert grouping.dropped_rows["bureau"] == 0


def test_rows_of_unknown_clients_are_dropped_and_counted(tmp_path: Path) -> None:
    tables = make_table_frames([make_applicant(), make_applicant_without_history(SK_ID_CURR=43)])
    other_credits = make_table_frame(
        HISTORIES["bureau"],
        [{"SK_ID_CURR": 99, "SK_ID_BUREAU": 990 + index} for index in range(4)]
        + [{"SK_ID_CURR": None, "SK_ID_BUREAU": 1_000}],
    )
    months = [{"SK_ID_BUREAU": credit, "MONTHS_BALANCE": 0} for credit in (990, 5_555)]
    tables["bureau"] = pl.concat([tables["bureau"], other_credits])
    tables["bureau_balance"] = pl.concat([
        tables["bureau_balance"], make_table_frame(HISTORIES["bureau_balance"], months)
    ])  # fmt: skip
    file, grouping = group_folder(write_tables(tmp_path, tables))
    assert grouping.client_count == 2
    assert {name: count for name, count in grouping.dropped_rows.items() if count} == {
        "bureau": 5, "bureau_balance": 2,
    }  # fmt: skip
    assert len(read_documents(file)[42]["bureau"]) == len(make_applicant()["bureau"])
    checked_tables = read_tables(tmp_path, cache=tmp_path / "cache")
    assert GroupingSummary.from_tables(checked_tables) == grouping


def test_months_without_their_credits_are_counted_as_dropped(tmp_path: Path) -> None:
    tables = make_table_frames([make_applicant()])
    del tables["bureau"]
    _, grouping = group_folder(write_tables(tmp_path, tables))
    assert grouping.dropped_rows.get("bureau_balance") == len(tables["bureau_balance"])
    checked_tables = read_tables(tmp_path, cache=tmp_path / "cache")
    assert GroupingSummary.from_tables(checked_tables) == grouping


@pytest.mark.parametrize(
    ("absent", "dropped", "expected"),
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
def test_absent_histories_and_dropped_rows_are_logged_in_one_line(
    absent: tuple[str, ...], dropped: dict[str, int], expected: str
) -> None:
    console = Console(file=StringIO(), width=40)
    GroupingSummary(7, absent, dropped).log_summary(ProgressReporter(console))
    assert console.file.getvalue() == expected  # type: ignore[attr-defined] # a StringIO


def test_rows_of_an_unknown_previous_application_are_kept(tmp_path: Path) -> None:
    person = make_applicant_with_history(
        previous_application=[], POS_CASH_balance=[{"SK_ID_PREV": 123}]
    )
    file, grouping = group_folder(write_tables(tmp_path, make_table_frames([person])))
    assert len(read_documents(file)[42]["POS_CASH_balance"]) == 1
    assert grouping.dropped_rows["POS_CASH_balance"] == 0


def test_the_order_of_clients_is_always_the_same(tmp_path: Path) -> None:
    """Check the order that seeded training relies on: it draws by position in the file."""
    people = make_random_dossiers(200, seed=3, complete=True)
    folder = write_tables(tmp_path, make_table_frames(people))
    orders = [group_folder(folder)[0].client_ids.tolist() for _ in range(3)]
    assert orders == [list(range(1, 201))] * 3


def test_grouping_in_smaller_slices_gives_the_same_dossiers(
    tmp_path: Path, file: DossierFile, people: list[Dossier], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.dossiers.grouping.CLIENTS_PER_SLICE", 64)
    folder = write_tables(tmp_path, make_table_frames(people[::-1], labels=LABELS[::-1]))
    sliced_file, grouping = group_folder(folder, labelled=True)
    assert grouping.client_count == len(people)
    assert sliced_file.client_ids.tolist() == file.client_ids.tolist()
    assert sliced_file.labels.tolist() == file.labels.tolist()
    expected, documents = read_documents(file), read_documents(sliced_file)
    assert all(
        normalise(documents[client_id]) == normalise(expected[client_id]) for client_id in expected
    )


def test_a_table_without_applications_is_a_fault(tmp_path: Path) -> None:
    tables = make_table_frames([make_applicant()])
    with pytest.raises(InvalidTables, match="at least one row"):
        group_folder(write_tables(tmp_path, {**tables, TRAIN_TABLE: tables[TRAIN_TABLE].clear()}))


def test_a_failed_grouping_leaves_the_previous_file(tmp_path: Path) -> None:
    folder = write_tables(tmp_path, make_table_frames([make_applicant()]))
    file, _ = group_folder(folder)
    content_before = file.path.read_bytes()
    paths_before = sorted(file.path.parent.iterdir())
    tables = read_tables(folder, cache=folder / "cache")
    (folder / f"{TRAIN_TABLE}.parquet").unlink()
    with pytest.raises((pl.exceptions.PolarsError, OSError)):
        group_into_dossiers(tables, file.path)
    assert file.path.read_bytes() == content_before
    assert sorted(file.path.parent.iterdir()) == paths_before == [file.path]


def test_the_client_store_keeps_amounts_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    amounts = [0.1 + 0.2, 1e-300, 5e-324, 1e10, 123_456_789.123_456_79, *rng.uniform(0, 1e6, 50)]
    people = [
        make_applicant_without_history(SK_ID_CURR=number, AMT_CREDIT=float(amount))
        for number, amount in enumerate(amounts)
    ]
    file, _ = group_folder(write_tables(tmp_path, make_table_frames(people), ".csv"))
    store = ClientStore(tmp_path / "clients.sqlite")
    assert store.save(file.iter_documents()) == len(people)
    stored = [
        store.get_dossier(number)["application"]["AMT_CREDIT"] for number in range(len(amounts))
    ]
    assert stored == amounts


def test_the_client_store_keeps_any_text(tmp_path: Path) -> None:
    words = ['a "quoted", word', "back\\slash", "l’été", "新しい", "a\nb", "{}", " ", "\u2028"]
    people = [
        make_applicant_without_history(SK_ID_CURR=number, OCCUPATION_TYPE=word)
        for number, word in enumerate(words)
    ]
    file, _ = group_folder(write_tables(tmp_path, make_table_frames(people)))
    store = ClientStore(tmp_path / "clients.sqlite")
    store.save(file.iter_documents())
    stored = [
        store.get_dossier(number)["application"]["OCCUPATION_TYPE"] for number in range(len(words))
    ]
    assert stored == words
