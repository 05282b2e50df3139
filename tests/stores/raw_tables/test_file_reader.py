"""Damaged files: each is a fault that names the file, and no partial copy is left."""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path

import polars as pl
import pytest

from credit.errors import Fault, InvalidTables
from stores.raw_tables.tables import read_tables
from tests.support.example_dossiers import make_applicant_without_history
from tests.support.table_folders import TRAIN_TABLE, make_table_frames, write_tables

PEOPLE = [
    make_applicant_without_history(SK_ID_CURR=number, AMT_CREDIT=1_000.0 + number)
    for number in range(400)
]
TABLE = make_table_frames(PEOPLE)[TRAIN_TABLE]
TEXT = TABLE.write_csv().encode()


def read_faults(folder: Path) -> list[Fault]:
    with pytest.raises(InvalidTables) as caught:
        read_tables(folder, cache=folder / "cache")
    return list(caught.value.faults)


def list_leftovers(folder: Path) -> list[str]:
    """List the unpacked and the partial files in the cache."""
    return [
        path.name for path in (folder / "cache").rglob("*") if path.suffix in {".csv", ".part"}
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("application_train.csv", b""),
        ("application_train.parquet", b""),
        ("application_train.parquet", b"PAR1 and nothing more"),
        ("application_train.csv.gz", b"no gzip"),
        ("application_train.csv.gz", gzip.compress(TEXT, mtime=0)[:-100]),
        ("application_train.csv.zip", b""),
        ("application_train.csv.zip", b"PK no zip"),
        ("application_train.csv", TEXT.replace(b"Married", "Marié".encode("latin-1"))),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:20]),
)
def test_an_unreadable_file_is_a_fault_that_names_it(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    [fault] = read_faults(tmp_path)
    assert fault.where == name
    assert fault.expected == "a readable table"
    assert fault.got
    assert list_leftovers(tmp_path) == []


@pytest.mark.parametrize("extension", [".csv.gz", ".csv.zip"])
def test_a_corrupted_file_is_a_fault_that_names_it(tmp_path: Path, extension: str) -> None:
    path = write_tables(tmp_path, {TRAIN_TABLE: TABLE}, extension) / f"{TRAIN_TABLE}{extension}"
    content = bytearray(path.read_bytes())
    for index in range(200, 260):
        content[index] ^= 0xA5
    path.write_bytes(bytes(content))
    [fault] = read_faults(tmp_path)
    assert fault.where == path.name


@pytest.mark.parametrize("names", [["one.csv", "two.csv"], [], ["readme.txt"]])
def test_an_archive_must_hold_exactly_one_table(tmp_path: Path, names: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "application_train.csv.zip", "w") as archive:
        for name in names:
            archive.writestr(name, TEXT)
    [fault] = read_faults(tmp_path)
    csv_count = sum(name.endswith(".csv") for name in names)
    assert fault.got == f"{csv_count} CSV files in the archive, expected one"


def test_other_files_of_an_archive_are_ignored(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "application_train.csv.zip", "w") as archive:
        archive.writestr("read me.txt", "hello")
        archive.writestr("application_train.csv", TEXT)
    tables = read_tables(tmp_path, cache=tmp_path / "cache")
    assert tables.application.collect().equals(TABLE)


def test_files_that_macos_adds_to_an_archive_are_ignored(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "application_train.csv.zip", "w") as archive:
        archive.writestr("application_train.csv", TEXT)
        archive.writestr("__MACOSX/._application_train.csv", "attributes")
    read_tables(tmp_path, cache=tmp_path / "cache")


def test_a_table_truncated_within_a_row_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "application_train.csv").write_bytes(TEXT + b"401,Cash loans,F")
    [fault] = read_faults(tmp_path)
    assert fault.where.startswith("application_train.csv")


def test_a_row_with_too_many_cells_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "application_train.csv").write_bytes(TEXT + TEXT.splitlines()[1] + b",1,2,3\n")
    [fault] = read_faults(tmp_path)
    assert fault.where == "application_train.csv"


def test_every_damaged_file_of_a_folder_is_listed(tmp_path: Path) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: TABLE})
    for name in ("bureau.csv", "POS_CASH_balance.parquet", "credit_card_balance.csv.gz"):
        (tmp_path / name).write_bytes(b"")
    assert len({fault.where.partition(":")[0] for fault in read_faults(tmp_path)}) == 3


@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".csv.zip"])
def test_a_changed_file_is_read_again(tmp_path: Path, extension: str) -> None:
    for rows in (TABLE, TABLE.head(7), TABLE.head(7).reverse()):
        write_tables(tmp_path, {TRAIN_TABLE: rows}, extension)
        for _ in range(2):
            tables = read_tables(tmp_path, cache=tmp_path / "cache")
            assert tables.application.collect().equals(rows)


def test_a_damaged_file_is_refused_again(tmp_path: Path) -> None:
    path = tmp_path / "application_train.csv.gz"
    path.write_bytes(gzip.compress(TEXT, mtime=0)[:-100])
    assert [fault.where for fault in read_faults(tmp_path)] == [path.name]
    assert [fault.where for fault in read_faults(tmp_path)] == [path.name]


def test_invalid_cells_are_found_again_in_a_second_reading(tmp_path: Path) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: TABLE.with_columns(AMT_CREDIT=pl.lit(-1.0))}, ".csv.gz")
    assert read_faults(tmp_path) == read_faults(tmp_path)


def test_equally_named_files_of_two_folders_are_not_confused(tmp_path: Path) -> None:
    for folder, rows in (("one", TABLE.head(1)), ("other", TABLE[1:2])):
        path = write_tables(tmp_path / folder, {TRAIN_TABLE: rows}, ".csv") / f"{TRAIN_TABLE}.csv"
        os.utime(path, ns=(10**18, 10**18))
        tables = read_tables(tmp_path / folder, cache=tmp_path / "cache")
        assert tables.application.collect().equals(rows)


def test_unpacked_files_are_removed(tmp_path: Path) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: TABLE}, ".csv.zip")
    read_tables(tmp_path, cache=tmp_path / "cache")
    assert list_leftovers(tmp_path) == []
