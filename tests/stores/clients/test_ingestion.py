"""Fill the client store from raw tables, Kaggle's or a lender's own."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from io import StringIO
from pathlib import Path

import orjson
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from credit.errors import InvalidTables
from stores.clients.__main__ import app
from stores.clients.ingestion import fill_client_store
from stores.clients.store import ClientStore
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import read_tables
from stores.settings import Settings, get_settings
from tests.support.example_dossiers import make_applicant, make_applicant_without_history
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import TEST_TABLE, TRAIN_TABLE, make_table_frames, write_tables

LENDER = LenderMapping.model_validate({
    "application": {
        "files": {TRAIN_TABLE: "demandes", TEST_TABLE: "nouvelles"},
        "columns": {"SK_ID_CURR": {"column": "numero"}, "TARGET": {"column": "impaye"}},
    }
})  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    return folder


def fill(
    settings: Settings,
    data: Path,
    lender: LenderMapping | None = None,
    *,
    labelled_dossiers: DossierFile | None = None,
) -> tuple[int, str]:
    """Fill the store; return the number of clients and the log."""
    log = StringIO()
    progress = ProgressReporter(Console(file=log))
    count = fill_client_store(
        settings, data, progress, lender, labelled_dossiers=labelled_dossiers
    )
    return count, log.getvalue()


def read_documents(settings: Settings) -> list[tuple[int, str]]:
    """Return the ids and the JSON texts that the database holds, by id."""
    with closing(sqlite3.connect(settings.clients_path)) as connection:
        rows = connection.execute("SELECT id, dossier FROM client ORDER BY id").fetchall()
    return [(client_id, zlib.decompress(blob).decode()) for client_id, blob in rows]


def sort_history_rows(document_json: str) -> dict[str, object]:
    """Parse a dossier and sort its history rows: grouping leaves their order open."""
    return {
        name: sorted(rows, key=orjson.dumps) if isinstance(rows, list) else rows
        for name, rows in orjson.loads(document_json).items()
    }


def test_labelled_and_new_applications_of_a_lender_are_stored(
    settings: Settings, data: Path
) -> None:
    pl.DataFrame({"numero": [7, 8], "impaye": [0, 1]}).write_csv(data / "demandes.csv")
    pl.DataFrame({"numero": [9]}).write_csv(data / "nouvelles.csv")
    assert fill(settings, data, LENDER)[0] == 3
    assert ClientStore(settings.clients_path).search("", 10) == ([7, 8, 9], 3)


@pytest.mark.parametrize("extension", [".csv", ".parquet"])
def test_grouped_dossiers_are_stored_as_they_are_and_equal_those_of_the_tables(
    tmp_path: Path, data: Path, extension: str
) -> None:
    people = make_random_dossiers(150, seed=5, complete=True)
    labels = pl.Series([number % 2 for number in range(120)]).to_numpy()
    tables = make_table_frames(people)
    tables[TEST_TABLE] = tables[TRAIN_TABLE][120:]
    tables[TRAIN_TABLE] = make_table_frames(people[:120], labels=labels)[TRAIN_TABLE]
    write_tables(data, tables, extension)
    from_tables = Settings(home=tmp_path / "from tables")
    from_dossiers = Settings(home=tmp_path / "from dossiers")
    training_tables = read_tables(data, labelled=True, cache=from_dossiers.cache_folder)
    group_into_dossiers(training_tables, tmp_path / "labelled.parquet")
    dossiers = DossierFile(tmp_path / "labelled.parquet")
    count, log = fill(from_dossiers, data, labelled_dossiers=dossiers)
    assert fill(from_tables, data)[0] == count == 150
    stored = read_documents(from_dossiers)
    assert stored[:120] == list(dossiers.iter_documents())
    expected = read_documents(from_tables)
    assert [client_id for client_id, _ in stored] == [client_id for client_id, _ in expected]
    for (_, document), (_, expected_document) in zip(stored, expected, strict=True):
        assert sort_history_rows(document) == sort_history_rows(expected_document)
    assert f"grouping {TRAIN_TABLE}" not in log
    assert f"grouping {TEST_TABLE}" in log


def test_a_folder_without_applications_is_a_fault(settings: Settings, data: Path) -> None:
    write_tables(data, {"bureau": make_table_frames([make_applicant()])["bureau"]})
    with pytest.raises(InvalidTables, match=r"application_train\.parquet.*application_test\.csv"):
        fill(settings, data)
    with pytest.raises(InvalidTables, match=r"demandes\.parquet.*nouvelles\.csv"):
        fill(settings, data, LENDER)


def test_the_command_fails_on_a_folder_without_applications(
    settings: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_HOME", str(settings.home))
    get_settings.cache_clear()
    result = CliRunner().invoke(app, ["--data", str(data)])
    get_settings.cache_clear()
    assert result.exit_code == 1
    assert "no application file" in result.output


def test_absent_histories_and_dropped_rows_are_logged(settings: Settings, data: Path) -> None:
    tables = make_table_frames(
        [make_applicant_without_history(SK_ID_CURR=1), make_applicant(SK_ID_CURR=2)],
        application=TEST_TABLE,
    )
    write_tables(data, {TEST_TABLE: tables[TEST_TABLE].head(1), "bureau": tables["bureau"]})
    _, log = fill(settings, data)
    [line] = [line for line in log.splitlines() if "absent" in line]
    assert "bureau_balance" in line
    assert f"dropped: {len(make_applicant()['bureau'])} of bureau" in line


def test_a_failure_leaves_no_temporary_dossiers(
    settings: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError("the disk is full")

    write_tables(data, make_table_frames([make_applicant_without_history(SK_ID_CURR=1)]))
    monkeypatch.setattr(ClientStore, "save", fail)
    with pytest.raises(OSError, match="the disk is full"):
        fill(settings, data)
    assert not list(settings.cache_folder.iterdir())
