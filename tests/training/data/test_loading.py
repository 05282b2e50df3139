"""The dossiers of a training are kept under a fingerprint of what was read, and how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from stores.progress import ProgressCallback, ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import read_tables
from stores.settings import Settings
from tests.support.example_dossiers import make_applicant, make_applicant_without_history
from tests.support.table_folders import TRAIN_TABLE, make_table_frames, write_tables
from training.data.fingerprints import fingerprint_tables
from training.data.loading import load_labelled_dossiers
from training.data.synthetic_source import generate_synthetic_tables, resolve_synthetic_folder


class Counting(ProgressReporter):
    """Remembers every step and how far it went."""

    def __init__(self) -> None:
        super().__init__(Console(quiet=True))
        self.messages: list[object] = []

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[ProgressCallback]:
        self.messages.append((title, total))
        yield self.messages.append


PEOPLE = [make_applicant(SK_ID_CURR=1), make_applicant_without_history(SK_ID_CURR=2)]


@pytest.fixture
def where(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tables(tmp_path / "tables", make_table_frames(PEOPLE, labels=np.array([0, 1])))


def printed(folder: Path, lender: LenderMapping | None = None) -> str:
    read = read_tables(folder, lender=lender, cache=folder / "cache")
    return fingerprint_tables(read, lender)


def mapped(factor: float) -> LenderMapping:
    names = ("SK_ID_CURR", "TARGET", "AMT_CREDIT")
    columns: dict[str, dict[str, object]] = {name: {"column": name} for name in names}
    columns["AMT_CREDIT"]["factor"] = factor
    return LenderMapping.model_validate({"application": {"columns": columns}})


def test_files_that_are_not_read_do_not_matter(folder: Path) -> None:
    before = printed(folder)
    (folder / "notes.txt").write_text("the sample of March")
    (folder / f"{TRAIN_TABLE}.csv").write_text("Parquet is read first")
    assert printed(folder) == before


def test_every_file_that_is_read_matters(folder: Path) -> None:
    prints = [printed(folder)]
    for path in sorted(folder.glob("*.parquet"), reverse=True):
        if path.stem != TRAIN_TABLE:
            path.unlink()
            prints.append(printed(folder))
    write_tables(
        folder,
        make_table_frames([make_applicant_without_history(SK_ID_CURR=3)], labels=np.array([0])),
    )
    assert len({*prints, printed(folder)}) == len(prints) + 1


def test_another_mapping_gets_its_own_dossiers(where: Settings, folder: Path) -> None:
    quiet = ProgressReporter(Console(quiet=True))
    stored = [
        load_labelled_dossiers(where, folder, quiet, lender)[0]
        for lender in (None, mapped(1.0), mapped(0.01), mapped(0.01))
    ]
    assert len({file.path for file in stored}) == 3
    assert stored[2].path == stored[3].path
    amounts = [pl.read_parquet(file.path)["AMT_CREDIT"].to_list() for file in stored[1:3]]
    assert amounts[1] == [amount / 100 for amount in amounts[0]]


def test_absent_histories_are_reported_in_one_line(where: Settings, folder: Path) -> None:
    for path in folder.glob("*.parquet"):
        if path.stem != TRAIN_TABLE:
            path.unlink()
    text = StringIO()
    load_labelled_dossiers(where, folder, ProgressReporter(Console(file=text)), None)
    assert text.getvalue().count("absent") == 1


def test_progress_of_synthetic_clients_is_reported(where: Settings) -> None:
    steps = Counting()
    folder = generate_synthetic_tables(where, 500, 3, steps)
    assert steps.messages == [("500 synthetic clients", 500), 500]
    assert generate_synthetic_tables(where, 500, 3, steps) == folder
    assert len(steps.messages) == 2


def test_other_parameters_get_their_own_synthetic_clients(
    where: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = resolve_synthetic_folder(where, 500, 3)
    assert before == resolve_synthetic_folder(where, 500, 3)
    (tmp_path / "parameters.json").write_text("{}")
    monkeypatch.setattr(
        "training.data.synthetic_source.PARAMETERS_FILE", tmp_path / "parameters.json"
    )
    assert before != resolve_synthetic_folder(where, 500, 3)
