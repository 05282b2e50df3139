"""A lender's own files: one YAML file maps their names, units and words."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import polars as pl
import pytest

from credit.errors import Fault, InvalidTables
from credit.schema import APPLICATION, HISTORIES
from stores.raw_tables import lender_mapping
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import Tables, read_tables

MAPPING = """
application:
  files:
    application_train: demandes
    application_test: nouvelles
  columns:
    SK_ID_CURR:       {column: numero}
    TARGET:           {column: impaye}
    AMT_CREDIT:       {column: montant_centimes, factor: 0.01}
    DAYS_BIRTH:       {column: age, factor: -365.25, round: true}
    FLAG_OWN_CAR:     {column: vehicule, words: {oui: "Y", non: "N"}}
    NAME_INCOME_TYPE: {column: revenu, words: {salaire: Working}}
bureau:
  file: autres_credits
  columns:
    SK_ID_CURR:   {column: client}
    SK_ID_BUREAU: {column: credit}
"""

FORMS = pl.DataFrame({
    "numero": [7, 8],
    "montant_centimes": [12_345, None],
    "age": [40, 18],
    "vehicule": ["oui", "non"],
    "revenu": ["salaire", "rente"],
    "agence": ["Lyon", "Lille"],
    "impaye": [0, 1],
})  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FORMS.write_csv(tmp_path / "demandes.csv")
    FORMS.drop("impaye").with_columns(numero=pl.Series([9, 10])).write_csv(
        tmp_path / "nouvelles.csv"
    )
    bureau_credits = pl.DataFrame({"client": [7, 7], "credit": [1, 2]})
    bureau_credits.write_parquet(tmp_path / "autres_credits.parquet")
    (tmp_path / "lender.yaml").write_text(MAPPING, encoding="utf-8")
    return tmp_path


def read(folder: Path, application: str = "application_train", **options: bool) -> Tables:
    lender = LenderMapping.from_yaml(folder / "lender.yaml")
    return read_tables(
        folder, application=application, lender=lender, cache=folder / "cache", **options
    )


def read_faults(folder: Path, mapping: str) -> list[Fault]:
    (folder / "lender.yaml").write_text(mapping, encoding="utf-8")
    with pytest.raises(InvalidTables) as caught:
        read(folder)
    return list(caught.value.faults)


def test_names_units_and_words_are_converted_to_the_schema(folder: Path) -> None:
    rows = read(folder).application.collect()
    assert rows["SK_ID_CURR"].to_list() == [7, 8]
    assert rows["AMT_CREDIT"].to_list() == [123.45, None]
    assert rows["DAYS_BIRTH"].to_list() == [-14_610, -6_574]
    assert rows["FLAG_OWN_CAR"].to_list() == ["Y", "N"]


def test_an_unmapped_word_is_unchanged(folder: Path) -> None:
    assert read(folder).application.collect()["NAME_INCOME_TYPE"].to_list() == ["Working", "rente"]


def test_unmapped_columns_are_unknown_and_further_columns_are_dropped(
    folder: Path,
) -> None:
    rows = read(folder).application.collect()
    assert set(rows.columns) == set(APPLICATION.columns)
    assert rows["AMT_INCOME_TOTAL"].is_null().all()
    assert rows["OCCUPATION_TYPE"].is_null().all()
    assert rows.schema["AMT_INCOME_TOTAL"] == pl.Float64
    assert rows.schema["OCCUPATION_TYPE"] == pl.String


def test_one_mapping_serves_labelled_and_new_applications(folder: Path) -> None:
    labelled = read(folder, labelled=True).application.collect()
    assert labelled.select("SK_ID_CURR", "TARGET").rows() == [(7, 0), (8, 1)]
    new = read(folder, "application_test").application.collect()
    assert new["SK_ID_CURR"].to_list() == [9, 10]
    assert "TARGET" not in new.columns


def test_applications_can_be_requested_by_the_lenders_file_name(
    folder: Path,
) -> None:
    new = read(folder, "nouvelles").application.collect()
    assert new["SK_ID_CURR"].to_list() == [9, 10]


def test_an_absent_file_of_applications_is_reported_by_the_lenders_name(folder: Path) -> None:
    (folder / "nouvelles.csv").unlink()
    with pytest.raises(InvalidTables, match=r"one of nouvelles\.parquet, nouvelles\.csv"):
        read(folder, "application_test")


def test_a_history_is_found_under_the_lenders_file_name(folder: Path) -> None:
    tables = read(folder)
    assert tables.histories["bureau"].collect()["SK_ID_BUREAU"].to_list() == [1, 2]
    assert set(tables.absent_histories) == set(HISTORIES) - {"bureau"}


def test_mapped_tables_without_file_names_have_kaggles_names(folder: Path) -> None:
    mapping = re.sub(r"  files?:.*\n(    application_t.*\n)*", "", MAPPING)
    (folder / "lender.yaml").write_text(mapping, encoding="utf-8")
    (folder / "demandes.csv").rename(folder / "application_train.csv")
    (folder / "autres_credits.parquet").rename(folder / "bureau.parquet")
    tables = read(folder)
    assert tables.application.collect()["SK_ID_CURR"].to_list() == [7, 8]
    assert tables.histories["bureau"].collect()["SK_ID_BUREAU"].to_list() == [1, 2]


def test_mapped_cells_are_checked_against_the_schema(folder: Path) -> None:
    mapping = MAPPING.replace("factor: -365.25, round: true", "factor: 365.25, round: true")
    faults = read_faults(folder, mapping)
    assert [fault.where for fault in faults] == [
        "demandes.csv: row 1, DAYS_BIRTH", "demandes.csv: row 2, DAYS_BIRTH",
    ]  # fmt: skip


def test_a_mapped_column_that_the_file_lacks_is_a_fault(folder: Path) -> None:
    [fault] = read_faults(folder, MAPPING.replace("montant_centimes", "montant"))
    assert fault.where == "demandes.csv"
    assert 'unable to find column "montant"' in str(fault.got)


def test_a_history_without_its_key_is_a_fault(folder: Path) -> None:
    [fault] = read_faults(folder, MAPPING.replace("    SK_ID_BUREAU: {column: credit}\n", ""))
    assert fault.where == "autres_credits.parquet: SK_ID_BUREAU"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("aplication: {columns: {}}", "aplication is not a table; the tables are application,"),
        ("application: {columns: {AMT_CREDT: {column: a}}}", "did you mean AMT_CREDIT?"),
        ("bureau: {columns: {EXT_SOURCE_1: {column: a}}}", "bureau.EXT_SOURCE_1 is not a known"),
        ("application: {columns: {AMT_CREDIT: {colum: a}}}", "colum"),
        ("application: {columns: {AMT_CREDIT: {column: a, factor: '2'}}}", "factor"),
        ("application: {colums: {}}", "colums"),
        ("application: {file: a, columns: {}}", "under `files`, by Kaggle's names"),
        ("application: {files: {aplication_train: a}, columns: {}}", "files.aplication_train is"),
        ("bureau: {files: {application_train: a}, columns: {}}", "name it as `file`"),
        ("application: [", "no YAML"),
        ("just words", "lender.yaml"),
        ("", "lender.yaml"),
    ],
)
def test_an_invalid_mapping_is_refused_with_its_fault(
    folder: Path, mapping: str, message: str
) -> None:
    (folder / "lender.yaml").write_text(mapping, encoding="utf-8")
    with pytest.raises(InvalidTables) as caught:
        LenderMapping.from_yaml(folder / "lender.yaml")
    assert message in str(caught.value)
    assert all(fault.where.startswith("lender.yaml") for fault in caught.value.faults)


def test_labelled_tables_need_a_mapped_label(folder: Path) -> None:
    mapping = MAPPING.replace("    TARGET:           {column: impaye}\n", "")
    (folder / "lender.yaml").write_text(mapping, encoding="utf-8")
    with pytest.raises(InvalidTables, match="TARGET"):
        read(folder, labelled=True)


def test_the_documented_example_is_a_valid_mapping(tmp_path: Path) -> None:
    example = dedent((lender_mapping.__doc__ or "").split("\n\n")[1])
    (tmp_path / "lender.yaml").write_text(example, encoding="utf-8")
    assert (
        LenderMapping.from_yaml(tmp_path / "lender.yaml").resolve_file_name("application_test")
        == "nouvelles"
    )
