"""Files that are broken: each a fault that names the file, and nothing half-written left."""

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


def faults(folder: Path) -> list[Fault]:
    with pytest.raises(InvalidTables) as refused:
        read_tables(folder, cache=folder / "cache")
    return list(refused.value.faults)


def left_behind(folder: Path) -> list[str]:
    """Files of the cache that are unpacked text, or half-written."""
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
    ids=lambda said: said if isinstance(said, str) else repr(said[:20]),
)
def test_an_unreadable_file_is_a_fault_that_names_it(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    [fault] = faults(tmp_path)
    assert fault.where == name
    assert fault.expected == "a readable table"
    assert fault.got
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zip"])
def test_a_file_damaged_on_its_way_is_a_fault_that_names_it(tmp_path: Path, ending: str) -> None:
    path = write_tables(tmp_path, {TRAIN_TABLE: TABLE}, ending) / f"{TRAIN_TABLE}{ending}"
    damaged = bytearray(path.read_bytes())
    for place in range(200, 260):
        damaged[place] ^= 0xA5
    path.write_bytes(bytes(damaged))
    [fault] = faults(tmp_path)
    assert fault.where == path.name


@pytest.mark.parametrize("inside", [["one.csv", "two.csv"], [], ["readme.txt"]])
def test_an_archive_holds_one_table(tmp_path: Path, inside: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "application_train.csv.zip", "w") as archive:
        for name in inside:
            archive.writestr(name, TEXT)
    [fault] = faults(tmp_path)
    csv = sum(name.endswith(".csv") for name in inside)
    assert fault.got == f"{csv} CSV files in the archive, expected one"


def test_other_files_of_an_archive_are_left_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "application_train.csv.zip", "w") as archive:
        archive.writestr("read me.txt", "hello")
        archive.writestr("application_train.csv", TEXT)
    tables = read_tables(tmp_path, cache=tmp_path / "cache")
    assert tables.application.collect().equals(TABLE)


def test_what_a_mac_adds_to_an_archive_is_no_table(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "application_train.csv.zip", "w") as archive:
        archive.writestr("application_train.csv", TEXT)
        archive.writestr("__MACOSX/._application_train.csv", "attributes")
    read_tables(tmp_path, cache=tmp_path / "cache")


def test_a_table_that_breaks_off_in_a_row_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "application_train.csv").write_bytes(TEXT + b"401,Cash loans,F")
    [fault] = faults(tmp_path)
    assert fault.where.startswith("application_train.csv")


def test_a_row_with_too_many_cells_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "application_train.csv").write_bytes(TEXT + TEXT.splitlines()[1] + b",1,2,3\n")
    [fault] = faults(tmp_path)
    assert fault.where == "application_train.csv"


def test_every_broken_file_of_a_folder_is_told(tmp_path: Path) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: TABLE})
    for name in ("bureau.csv", "POS_CASH_balance.parquet", "credit_card_balance.csv.gz"):
        (tmp_path / name).write_bytes(b"")
    assert len({fault.where.partition(":")[0] for fault in faults(tmp_path)}) == 3


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.zip"])
def test_a_file_that_changed_is_read_anew(tmp_path: Path, ending: str) -> None:
    for rows in (TABLE, TABLE.head(7), TABLE.head(7).reverse()):
        write_tables(tmp_path, {TRAIN_TABLE: rows}, ending)
        for _ in range(2):
            tables = read_tables(tmp_path, cache=tmp_path / "cache")
            assert tables.application.collect().equals(rows)


def test_what_broke_once_is_not_taken_for_whole_later(tmp_path: Path) -> None:
    path = tmp_path / "application_train.csv.gz"
    path.write_bytes(gzip.compress(TEXT, mtime=0)[:-100])
    assert [fault.where for fault in faults(tmp_path)] == [path.name]
    assert [fault.where for fault in faults(tmp_path)] == [path.name]


def test_bad_cells_are_found_again_when_a_file_is_read_again(tmp_path: Path) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: TABLE.with_columns(AMT_CREDIT=pl.lit(-1.0))}, ".csv.gz")
    assert faults(tmp_path) == faults(tmp_path)


def test_files_of_two_folders_are_never_taken_for_one_another(tmp_path: Path) -> None:
    for folder, rows in (("one", TABLE.head(1)), ("other", TABLE[1:2])):
        path = write_tables(tmp_path / folder, {TRAIN_TABLE: rows}, ".csv") / f"{TRAIN_TABLE}.csv"
        os.utime(path, ns=(10**18, 10**18))
        tables = read_tables(tmp_path / folder, cache=tmp_path / "cache")
        assert tables.application.collect().equals(rows)


def test_what_was_unpacked_is_not_left_behind(tmp_path: Path) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: TABLE}, ".csv.zip")
    read_tables(tmp_path, cache=tmp_path / "cache")
    assert left_behind(tmp_path) == []
