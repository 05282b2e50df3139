"""Folders of raw tables: found, checked, read; and every fault told."""

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

ENDINGS = [".csv", ".csv.gz", ".csv.zip", ".parquet"]
TWO = [make_applicant(SK_ID_CURR=1), make_applicant_without_history(SK_ID_CURR=2)]
FORMS = make_table_frames(
    [make_applicant_without_history(SK_ID_CURR=number) for number in (1, 2, 3)]
)[TRAIN_TABLE]

Read = Callable[..., Tables]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads the folder that a test filled."""

    def reading(folder: Path = tmp_path, **said: object) -> Tables:
        return read_tables(folder, cache=tmp_path / "cache", **said)  # type: ignore[arg-type]

    return reading


def faults(read: Read, **said: object) -> list[Fault]:
    with pytest.raises(InvalidTables) as refused:
        read(**said)
    return list(refused.value.faults)


def told(fault: Fault) -> tuple[str, object, str]:
    return fault.where, fault.got, fault.expected


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_is_read_whatever_its_files_endings(
    tmp_path: Path, read: Read, ending: str
) -> None:
    tables = make_table_frames(TWO)
    write_tables(tmp_path, tables, ending)
    found = read()
    assert found.application.collect().equals(tables[TRAIN_TABLE])
    assert found.histories.keys() == HISTORIES.keys()
    for name, rows in found.histories.items():
        assert rows.collect().equals(tables[name]), name
    assert found.absent_histories == ()


def test_endings_may_be_mixed_and_parquet_goes_first(tmp_path: Path, read: Read) -> None:
    tables = make_table_frames(TWO)
    for place, (name, rows) in enumerate(tables.items()):
        write_table_file(tmp_path / f"{name}{ENDINGS[place % 4]}", rows)
    (tmp_path / "application_train.csv").unlink()
    write_table_file(tmp_path / "application_train.parquet", tables[TRAIN_TABLE])
    (tmp_path / "application_train.csv").write_text("not a table at all")
    found = read()
    assert found.application.collect().equals(tables[TRAIN_TABLE])
    for name, stream in found.histories.items():
        assert stream.collect().equals(tables[name]), name


def test_a_history_without_a_file_is_absent_and_said_so(tmp_path: Path, read: Read) -> None:
    tables = make_table_frames(TWO)
    del tables["POS_CASH_balance"], tables["bureau"]
    found = read(write_tables(tmp_path, tables))
    assert found.absent_histories == ("bureau", "POS_CASH_balance")
    assert found.histories.keys() == set(HISTORIES) - {"bureau", "POS_CASH_balance"}


def test_without_applications_the_names_looked_for_are_told(tmp_path: Path, read: Read) -> None:
    [fault] = faults(read)
    assert fault.where == str(tmp_path)
    assert "application_train.csv.gz" in fault.expected
    [fault] = faults(read, application="application_test")
    assert "application_test.parquet" in fault.expected


def test_the_label_is_read_where_it_is_asked_for(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.with_columns(TARGET=pl.Series([0, 1, 0]))}, ".csv")
    assert read(labelled=True).application.collect()["TARGET"].to_list() == [0, 1, 0]
    assert "TARGET" not in read().application.collect_schema()


def test_a_table_without_labels_does_not_pass_for_a_labelled_one(
    tmp_path: Path, read: Read
) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS}, ".csv")
    [fault] = faults(read, labelled=True)
    assert fault.where == "application_train.csv: TARGET"


@pytest.mark.parametrize("label", [2, -1, 0.5])
def test_a_label_is_zero_or_one(tmp_path: Path, read: Read, label: float) -> None:
    write_tables(
        tmp_path,
        {TRAIN_TABLE: FORMS.with_columns(TARGET=pl.Series([0, label, 1.0], strict=False))},
    )
    [fault] = faults(read, labelled=True)
    assert fault.where == "application_train.parquet: row 2, TARGET"


def test_a_label_that_is_missing_is_a_fault(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.with_columns(TARGET=pl.Series([0, None, 1]))})
    [fault] = faults(read, labelled=True)
    assert fault.where == "application_train.parquet: row 2, TARGET"


def test_an_application_without_a_client_is_a_fault(tmp_path: Path, read: Read) -> None:
    write_tables(
        tmp_path, {TRAIN_TABLE: FORMS.with_columns(SK_ID_CURR=pl.Series([1, None, 3]))}, ".csv"
    )
    [fault] = faults(read)
    assert fault.where == "application_train.csv: row 2, SK_ID_CURR"


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_every_bad_cell_is_told_with_file_row_and_column(
    tmp_path: Path, read: Read, ending: str
) -> None:
    bad = FORMS.cast({"AMT_CREDIT": pl.String, "CNT_CHILDREN": pl.String}).with_columns(
        AMT_CREDIT=pl.Series(["5", "five", "-5"]),
        CNT_CHILDREN=pl.Series(["1.5", "2.0", " 3 "]),
        FLAG_OWN_CAR=pl.Series(["Y", "N", "yes"]),
    )
    bureau = make_table_frame(
        HISTORIES["bureau"], [{"SK_ID_CURR": 1, "SK_ID_BUREAU": 1, "DAYS_CREDIT": 1}]
    )
    write_tables(tmp_path, {TRAIN_TABLE: bad, "bureau": bureau}, ending)
    amount = "a number from 0 to 1e+10, or null"
    children = "an integer from 0 to 100, or null"
    found = sorted(map(told, faults(read)))
    assert found[:4] == [
        (f"application_train{ending}: row 1, CNT_CHILDREN", "1.5", children),
        (f"application_train{ending}: row 2, AMT_CREDIT", "five", amount),
        (f"application_train{ending}: row 3, AMT_CREDIT", "-5", amount),
        (f"application_train{ending}: row 3, FLAG_OWN_CAR", "yes", '"Y" or "N", or null'),
    ]  # fmt: skip
    assert [where for where, _, _ in found[4:]] == [f"bureau{ending}: row 1, DAYS_CREDIT"]


def test_many_bad_cells_of_a_column_are_counted(tmp_path: Path, read: Read) -> None:
    people = [
        make_applicant_without_history(SK_ID_CURR=number, AMT_CREDIT=-1.0) for number in range(50)
    ]
    write_tables(tmp_path, make_table_frames(people))
    found = faults(read)
    assert len(found) == 21
    assert found[-1].got == "50 invalid cells"
    assert found[-2].where == "application_train.parquet: row 20, AMT_CREDIT"


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path, read: Read) -> None:
    people = [make_applicant_with_history(bureau=[{"SK_ID_BUREAU": 3}])]
    written = {
        name: rows.with_columns(pl.selectors.numeric().cast(pl.Float64))
        for name, rows in make_table_frames(people).items()
    }
    write_tables(tmp_path, written, ".csv")
    assert "42.0" in (tmp_path / "application_train.csv").read_text()
    found = read()
    assert found.application.collect()["SK_ID_CURR"].to_list() == [42]
    assert found.histories["bureau"].collect()["SK_ID_BUREAU"].to_list() == [3]


@pytest.mark.parametrize("unknown", ["", "NA", "NaN", "nan", "null"])
def test_files_have_several_words_for_unknown(tmp_path: Path, read: Read, unknown: str) -> None:
    cells = pl.lit(unknown)
    written = FORMS.with_columns(AMT_CREDIT=cells, NAME_TYPE_SUITE=cells)
    write_tables(tmp_path, {TRAIN_TABLE: written}, ".csv")
    rows = read().application.collect()
    assert rows["AMT_CREDIT"].is_null().all()
    assert rows["NAME_TYPE_SUITE"].is_null().all()


def test_an_empty_word_is_unknown_whatever_the_files_ending(tmp_path: Path, read: Read) -> None:
    for ending in (".csv", ".parquet"):
        words = FORMS.with_columns(NAME_TYPE_SUITE=pl.Series(["", "Family", None]))
        found = read(
            write_tables(tmp_path / ending, {TRAIN_TABLE: words}, ending)
        ).application.collect()
        assert found["NAME_TYPE_SUITE"].to_list() == [None, "Family", None]


def test_not_a_number_is_unknown_and_infinity_a_fault(tmp_path: Path, read: Read) -> None:
    infinite = pl.Series([float("nan"), float("inf"), 1.0])
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.with_columns(AMT_CREDIT=infinite)})
    assert [fault.where for fault in faults(read)] == [
        "application_train.parquet: row 2, AMT_CREDIT"
    ]


def test_a_missing_column_is_told_with_the_nearest_there_is(tmp_path: Path, read: Read) -> None:
    tables = make_table_frames(TWO)
    tables[TRAIN_TABLE] = (
        tables[TRAIN_TABLE].rename({"AMT_CREDIT": "AMT_CREDT"}).drop("EXT_SOURCE_1")
    )
    tables["bureau"] = tables["bureau"].drop("SK_ID_BUREAU")
    write_tables(tmp_path, tables, ".csv")
    found = {fault.where: fault for fault in faults(read)}
    assert found.keys() == {
        "application_train.csv: AMT_CREDIT", "application_train.csv: EXT_SOURCE_1",
        "bureau.csv: SK_ID_BUREAU",
    }  # fmt: skip
    assert "did you mean AMT_CREDT?" in found["application_train.csv: AMT_CREDIT"].expected


def test_the_hint_is_set_apart_from_what_is_expected(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.rename({"AMT_CREDIT": "AMT_CREDT"})}, ".csv")
    [fault] = faults(read)
    assert "or null; did you mean AMT_CREDT?" in fault.expected


def test_columns_of_the_lenders_own_are_left_alone(tmp_path: Path, read: Read) -> None:
    write_tables(tmp_path, {TRAIN_TABLE: FORMS.with_columns(branch=pl.lit("Lyon"))}, ".csv")
    assert read().application.collect().columns == FORMS.columns


def test_a_key_told_twice_is_a_fault_with_its_rows(tmp_path: Path, read: Read) -> None:
    people = [make_applicant_without_history(SK_ID_CURR=number) for number in (7, 8, 7, 9, 7)]
    month = {"SK_ID_CURR": 7, "SK_ID_PREV": 1, "MONTHS_BALANCE": -1}
    pos = make_table_frame(
        HISTORIES["POS_CASH_balance"], [month, {**month, "MONTHS_BALANCE": -2}, month]
    )
    write_tables(tmp_path, {**make_table_frames(people), "POS_CASH_balance": pos}, ".csv")
    expected = "a key that no other row has"
    assert [told(fault)[::2] for fault in faults(read)] == [
        ("application_train.csv: rows 1, 3, 5, SK_ID_CURR", expected),
        ("POS_CASH_balance.csv: rows 1, 3, SK_ID_PREV + MONTHS_BALANCE", expected),
    ]


@pytest.mark.parametrize("again", ["1.0", " 1", "01"])
def test_a_key_told_twice_in_other_digits_is_a_fault(
    tmp_path: Path, read: Read, again: str
) -> None:
    written = FORMS.with_columns(SK_ID_CURR=pl.Series(["1", "2", again]))
    write_tables(tmp_path, {TRAIN_TABLE: written}, ".csv")
    [fault] = faults(read)
    assert "rows 1, 3" in fault.where


def test_all_keys_told_twice_are_told(tmp_path: Path, read: Read) -> None:
    people = [make_applicant_without_history(SK_ID_CURR=number % 15) for number in range(30)]
    write_tables(tmp_path, make_table_frames(people))
    assert [fault.where for fault in faults(read)] == [
        f"application_train.parquet: rows {number + 1}, {number + 16}, SK_ID_CURR"
        for number in range(15)
    ]


def test_instalments_may_be_told_twice(tmp_path: Path, read: Read) -> None:
    rows = make_table_frame(
        HISTORIES["installments_payments"], [{"SK_ID_CURR": 1, "SK_ID_PREV": 1}] * 2
    )
    write_tables(tmp_path, {TRAIN_TABLE: FORMS, "installments_payments": rows})
    assert len(read().histories["installments_payments"].collect()) == 2
