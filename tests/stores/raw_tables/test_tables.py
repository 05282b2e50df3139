"""Folders of raw tables: found, read and checked; every fault is listed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from credit.errors import Fault, InvalidTables
from credit.schema import HISTORIES
from stores.raw_tables.tables import Tables, read_tables
from tests.support.example_dossiers import (
    make_applicant,
    make_applicant_with_history,
    make_applicant_without_history,
)
from tests.support.table_folders import (
    TRAIN_TABLE,
    make_table_frame,
    make_table_frames,
    write_table_file,
    write_tables,
)

EXTENSIONS = [".csv", ".csv.gz", ".csv.zip", ".parquet"]
TWO_CLIENTS = [make_applicant(SK_ID_CURR=1), make_applicant_without_history(SK_ID_CURR=2)]
FORMS = make_table_frames(
    [make_applicant_without_history(SK_ID_CURR=number) for number in (1, 2, 3)]
)[TRAIN_TABLE]

Read = Callable[..., Tables]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads the folder of the test."""

    def read_folder(folder: Path = tmp_path, **options: object) -> Tables:
        return read_tables(folder, cache=tmp_path / "cache", **options)  # type: ignore[arg-type]

    return read_folder


def read_faults(read: Read, **options: object) -> list[Fault]:
    with pytest.raises(InvalidTables) as caught:
        read(**options)
    return list(caught.value.faults)


def to_tuple(fault: Fault) -> tuple[str, object, str]:
    return fault.where, fault.got, fault.expected


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_file_format_is_read(tmp_path: Path, read: Read, extension: str) -> None:
    tables = make_table_frames(TWO_CLIENTS)
    write_tables(tmp_path, tables, extension)
    tables_read = read()
    assert tables_read.application.collect().equals(tables[TRAIN_TABLE])
    assert tables_read.histories.keys() == HISTORIES.keys()
    for name, rows in tables_read.histories.items():
        assert rows.collect().equals(tables[name]), name
    assert tables_read.absent_histories == ()


def test_formats_may_be_mixed_and_parquet_is_preferred(tmp_path: Path, read: Read) -> None:
    tables = make_table_frames(TWO_CLIENTS)
    for index, (name, rows) in enumerate(tables.items()):
        write_table_file(tmp_path / f"{name}{EXTENSIONS[index % 4]}", rows)
    (tmp_path / "application_train.csv").unlink()
    write_table_file(tmp_path / "application_train.parquet", tables[TRAIN_TABLE])
    (tmp_path / "application_train.csv").write_text("not a table at all")
    tables_read = read()
    assert tables_read.application.collect().equals(tables[TRAIN_TABLE])
    for name, stream in tables_read.histories.items():
        assert stream.collect().equals(tables[name]), name


def test_a_history_without_a_file_is_listed_as_absent(tmp_path: Path, read: Read) -> None:
    tables = make_table_frames(TWO_CLIENTS)
    del tables["POS_CASH_balance"], tables["bureau"]
    tables_read = read(write_tables(tmp_path, tables))
    assert tables_read.absent_histories == ("bureau", "POS_CASH_balance")
    assert tables_read.histories.keys() == set(HISTORIES) - {"bureau", "POS_CASH_balance"}


def test_a_folder_without_applications_lists_the_accepted_file_names(
    tmp_path: Path, read: Read
) -> None:
    [fault] = read_faults(read)
    assert fault.where == str(tmp_path)
    assert "application_train.csv.gz" in fault.expected
    [fault] = read_faults(read, application="application_test")
    assert "application_test.parquet" in fault.expected


def test_the_label_is_read_on_request_only(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.with_columns(TARGET=pl.Series([0, 1, 0]))}, ".csv")
    assert read(labelled=True).application.collect()["TARGET"].to_list() == [0, 1, 0]
    assert "TARGET" not in read().application.collect_schema()


def test_a_table_without_labels_is_refused_as_labelled(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS}, ".csv")
    [fault] = read_faults(read, labelled=True)
    assert fault.where == "application_train.csv: TARGET"


@pytest.mark.parametrize("label", [2, -1, 0.5])
def test_a_label_is_zero_or_one(tmp_path: Path, read: Read, label: float) -> None:
    write_tables(
        tmp_path,
        {TRAIN_TABLE: FORMS.with_columns(TARGET=pl.Series([0, label, 1.0], strict=False))},
    )
    [fault] = read_faults(read, labelled=True)
    assert fault.where == "application_train.parquet: row 2, TARGET"


def test_a_missing_label_is_a_fault(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.with_columns(TARGET=pl.Series([0, None, 1]))})
    [fault] = read_faults(read, labelled=True)
    assert fault.where == "application_train.parquet: row 2, TARGET"


def test_an_application_without_a_client_is_a_fault(tmp_path: Path, read: Read) -> None:
    write_tables(
        tmp_path, {TRAIN_TABLE: FORMS.with_columns(SK_ID_CURR=pl.Series([1, None, 3]))}, ".csv"
    )
    [fault] = read_faults(read)
    assert fault.where == "application_train.csv: row 2, SK_ID_CURR"


@pytest.mark.parametrize("extension", [".csv", ".parquet"])
def test_every_invalid_cell_is_listed_with_file_row_and_column(
    tmp_path: Path, read: Read, extension: str
) -> None:
    invalid_forms = FORMS.cast({"AMT_CREDIT": pl.String, "CNT_CHILDREN": pl.String}).with_columns(
        AMT_CREDIT=pl.Series(["5", "five", "-5"]),
        CNT_CHILDREN=pl.Series(["1.5", "2.0", " 3 "]),
        FLAG_OWN_CAR=pl.Series(["Y", "N", "yes"]),
    )
    bureau = make_table_frame(
        HISTORIES["bureau"], [{"SK_ID_CURR": 1, "SK_ID_BUREAU": 1, "DAYS_CREDIT": 1}]
    )
    write_tables(tmp_path, {TRAIN_TABLE: invalid_forms, "bureau": bureau}, extension)
    amount = "a number from 0 to 1e+10, or null"
    children = "an integer from 0 to 100, or null"
    faults = sorted(map(to_tuple, read_faults(read)))
    assert faults[:4] == [
        (f"application_train{extension}: row 1, CNT_CHILDREN", "1.5", children),
        (f"application_train{extension}: row 2, AMT_CREDIT", "five", amount),
        (f"application_train{extension}: row 3, AMT_CREDIT", "-5", amount),
        (f"application_train{extension}: row 3, FLAG_OWN_CAR", "yes", '"Y" or "N", or null'),
    ]  # fmt: skip
    assert [location for location, _, _ in faults[4:]] == [
        f"bureau{extension}: row 1, DAYS_CREDIT"
    ]


def test_many_invalid_cells_of_a_column_are_counted(tmp_path: Path, read: Read) -> None:
    people = [
        make_applicant_without_history(SK_ID_CURR=number, AMT_CREDIT=-1.0) for number in range(50)
    ]
    write_tables(tmp_path, make_table_frames(people))
    faults = read_faults(read)
    assert len(faults) == 21
    assert faults[-1].got == "50 invalid cells"
    assert faults[-2].where == "application_train.parquet: row 20, AMT_CREDIT"


def test_whole_numbers_may_be_written_with_a_decimal_point(tmp_path: Path, read: Read) -> None:
    people = [make_applicant_with_history(bureau=[{"SK_ID_BUREAU": 3}])]
    float_tables = {
        name: rows.with_columns(pl.selectors.numeric().cast(pl.Float64))
        for name, rows in make_table_frames(people).items()
    }
    write_tables(tmp_path, float_tables, ".csv")
    assert "42.0" in (tmp_path / "application_train.csv").read_text()
    tables_read = read()
    assert tables_read.application.collect()["SK_ID_CURR"].to_list() == [42]
    assert tables_read.histories["bureau"].collect()["SK_ID_BUREAU"].to_list() == [3]


@pytest.mark.parametrize("unknown", ["", "NA", "NaN", "nan", "null"])
def test_every_text_for_unknown_is_read_as_null(tmp_path: Path, read: Read, unknown: str) -> None:
    null_text = pl.lit(unknown)
    forms = FORMS.with_columns(AMT_CREDIT=null_text, NAME_TYPE_SUITE=null_text)
    write_tables(tmp_path, {TRAIN_TABLE: forms}, ".csv")
    rows = read().application.collect()
    assert rows["AMT_CREDIT"].is_null().all()
    assert rows["NAME_TYPE_SUITE"].is_null().all()


def test_an_empty_text_is_unknown_in_every_format(tmp_path: Path, read: Read) -> None:
    for extension in (".csv", ".parquet"):
        forms = FORMS.with_columns(NAME_TYPE_SUITE=pl.Series(["", "Family", None]))
        rows = read(
            write_tables(tmp_path / extension, {TRAIN_TABLE: forms}, extension)
        ).application.collect()
        assert rows["NAME_TYPE_SUITE"].to_list() == [None, "Family", None]


def test_nan_is_unknown_and_infinity_is_a_fault(tmp_path: Path, read: Read) -> None:
    infinite = pl.Series([float("nan"), float("inf"), 1.0])
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.with_columns(AMT_CREDIT=infinite)})
    assert [fault.where for fault in read_faults(read)] == [
        "application_train.parquet: row 2, AMT_CREDIT"
    ]


def test_a_missing_column_is_listed_with_the_nearest_present_one(
    tmp_path: Path, read: Read
) -> None:
    tables = make_table_frames(TWO_CLIENTS)
    tables[TRAIN_TABLE] = (
        tables[TRAIN_TABLE].rename({"AMT_CREDIT": "AMT_CREDT"}).drop("EXT_SOURCE_1")
    )
    tables["bureau"] = tables["bureau"].drop("SK_ID_BUREAU")
    write_tables(tmp_path, tables, ".csv")
    faults = {fault.where: fault for fault in read_faults(read)}
    assert faults.keys() == {
        "application_train.csv: AMT_CREDIT", "application_train.csv: EXT_SOURCE_1",
        "bureau.csv: SK_ID_BUREAU",
    }  # fmt: skip
    assert "did you mean AMT_CREDT?" in faults["application_train.csv: AMT_CREDIT"].expected


def test_the_hint_follows_the_expected_values(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.rename({"AMT_CREDIT": "AMT_CREDT"})}, ".csv")
    [fault] = read_faults(read)
    assert "or null; did you mean AMT_CREDT?" in fault.expected


def test_further_columns_of_a_lender_are_ignored(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.with_columns(branch=pl.lit("Lyon"))}, ".csv")
    assert read().application.collect().columns == FORMS.columns


def test_a_duplicate_key_is_a_fault_with_its_rows(tmp_path: Path, read: Read) -> None:
    people = [make_applicant_without_history(SK_ID_CURR=number) for number in (7, 8, 7, 9, 7)]
    month = {"SK_ID_CURR": 7, "SK_ID_PREV": 1, "MONTHS_BALANCE": -1}
    pos = make_table_frame(
        HISTORIES["POS_CASH_balance"], [month, {**month, "MONTHS_BALANCE": -2}, month]
    )
    write_tables(tmp_path, {**make_table_frames(people), "POS_CASH_balance": pos}, ".csv")
    expected = "a key that no other row has"
    assert [to_tuple(fault)[::2] for fault in read_faults(read)] == [
        ("application_train.csv: rows 1, 3, 5, SK_ID_CURR", expected),
        ("POS_CASH_balance.csv: rows 1, 3, SK_ID_PREV + MONTHS_BALANCE", expected),
    ]


@pytest.mark.parametrize("duplicate", ["1.0", " 1", "01"])
def test_a_duplicate_key_in_other_notation_is_a_fault(
    tmp_path: Path, read: Read, duplicate: str
) -> None:
    forms = FORMS.with_columns(SK_ID_CURR=pl.Series(["1", "2", duplicate]))
    write_tables(tmp_path, {TRAIN_TABLE: forms}, ".csv")
    [fault] = read_faults(read)
    assert "rows 1, 3" in fault.where


def test_every_duplicate_key_is_listed(tmp_path: Path, read: Read) -> None:
    people = [make_applicant_without_history(SK_ID_CURR=number % 15) for number in range(30)]
    write_tables(tmp_path, make_table_frames(people))
    assert [fault.where for fault in read_faults(read)] == [
        f"application_train.parquet: rows {number + 1}, {number + 16}, SK_ID_CURR"
        for number in range(15)
    ]


def test_duplicate_instalments_are_allowed(tmp_path: Path, read: Read) -> None:
    rows = make_table_frame(
        HISTORIES["installments_payments"], [{"SK_ID_CURR": 1, "SK_ID_PREV": 1}] * 2
    )
    write_tables(tmp_path, {TRAIN_TABLE: FORMS, "installments_payments": rows})
    assert len(read().histories["installments_payments"].collect()) == 2
