"""Filling the client store: from a lender's own files, and what is said of it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from credit.errors import InvalidTables
from stores.clients.__main__ import app
from stores.clients.ingestion import fill_client_store
from stores.clients.store import ClientStore
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.settings import Settings, get_settings
from tests.support.example_dossiers import make_applicant, make_applicant_without_history
from tests.support.table_folders import TRAIN_TABLE, make_table_frames, write_tables

TEST = "application_test"
LENDER = LenderMapping.model_validate({
    "application": {
        "files": {TRAIN_TABLE: "demandes", TEST: "nouvelles"},
        "columns": {"SK_ID_CURR": {"column": "numero"}, "TARGET": {"column": "impaye"}},
    }
})  # fmt: skip


@pytest.fixture
def where(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    return folder


def filled(where: Settings, data: Path, lender: LenderMapping | None = None) -> tuple[int, str]:
    said = StringIO()
    return fill_client_store(
        where, data, ProgressReporter(Console(file=said)), lender
    ), said.getvalue()


def test_both_files_of_a_lenders_own_names_are_kept(where: Settings, data: Path) -> None:
    pl.DataFrame({"numero": [7, 8], "impaye": [0, 1]}).write_csv(data / "demandes.csv")
    pl.DataFrame({"numero": [9]}).write_csv(data / "nouvelles.csv")
    assert filled(where, data, LENDER)[0] == 3
    assert ClientStore(where.clients_path).search("", 10) == ([7, 8, 9], 3)


def test_a_folder_without_applications_is_a_fault(where: Settings, data: Path) -> None:
    write_tables(data, {"bureau": make_table_frames([make_applicant()])["bureau"]})
    with pytest.raises(InvalidTables, match=r"application_train\.parquet.*application_test\.csv"):
        filled(where, data)
    with pytest.raises(InvalidTables, match=r"demandes\.parquet.*nouvelles\.csv"):
        filled(where, data, LENDER)


def test_the_command_fails_on_a_folder_without_applications(
    where: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_HOME", str(where.home))
    get_settings.cache_clear()
    told = CliRunner().invoke(app, ["--data", str(data)])
    get_settings.cache_clear()
    assert told.exit_code == 1
    assert "no application file" in told.output


def test_what_is_absent_or_left_out_is_said(where: Settings, data: Path) -> None:
    tables = make_table_frames(
        [make_applicant_without_history(SK_ID_CURR=1), make_applicant(SK_ID_CURR=2)], forms=TEST
    )
    write_tables(data, {TEST: tables[TEST].head(1), "bureau": tables["bureau"]})
    _, said = filled(where, data)
    [line] = [line for line in said.splitlines() if "absent" in line]
    assert "bureau_balance" in line
    assert f"dropped: {len(make_applicant()['bureau'])} of bureau" in line


def test_a_filling_that_fails_leaves_no_dossiers_behind(
    where: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise OSError("the disk is full")

    write_tables(data, make_table_frames([make_applicant_without_history(SK_ID_CURR=1)]))
    monkeypatch.setattr(ClientStore, "save", broken)
    with pytest.raises(OSError, match="the disk is full"):
        filled(where, data)
    assert not list(where.cache_folder.iterdir())
