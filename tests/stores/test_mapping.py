"""A lender's own files: names, units and words, told in one YAML."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from credit.errors import Fault, InvalidTables
from credit.schema import APPLICATION, HISTORIES
from stores.mapping import LenderFiles
from stores.tables import Tables, read_tables

MAPPING = """
application:
  file: demandes
  columns:
    SK_ID_CURR:       {column: numero}
    AMT_CREDIT:       {column: montant_centimes, factor: 0.01}
    DAYS_BIRTH:       {column: age, factor: -365.25, round: true}
    FLAG_OWN_CAR:     {column: vehicule, words: {oui: "Y", non: "N"}}
    NAME_INCOME_TYPE: {column: revenu, words: {salaire: Working}}
bureau:
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
})  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FORMS.write_csv(tmp_path / "demandes.csv")
    credits_elsewhere = pl.DataFrame({"client": [7, 7], "credit": [1, 2]})
    credits_elsewhere.write_parquet(tmp_path / "bureau.parquet")
    (tmp_path / "lender.yaml").write_text(MAPPING, encoding="utf-8")
    return tmp_path


def read(folder: Path) -> Tables:
    lender = LenderFiles.read(folder / "lender.yaml")
    return read_tables(folder, lender=lender, cache=folder / "cache")


def faults(folder: Path, mapping: str) -> list[Fault]:
    (folder / "lender.yaml").write_text(mapping, encoding="utf-8")
    with pytest.raises(InvalidTables) as refused:
        read(folder)
    return list(refused.value.faults)


def test_a_lenders_names_units_and_words_become_the_schemas(folder: Path) -> None:
    rows = read(folder).application.collect()
    assert rows["SK_ID_CURR"].to_list() == [7, 8]
    assert rows["AMT_CREDIT"].to_list() == [123.45, None]
    assert rows["DAYS_BIRTH"].to_list() == [-14_610, -6_574]
    assert rows["FLAG_OWN_CAR"].to_list() == ["Y", "N"]


def test_a_word_that_is_not_mapped_stays_as_it_is(folder: Path) -> None:
    assert read(folder).application.collect()["NAME_INCOME_TYPE"].to_list() == ["Working", "rente"]


def test_columns_that_are_not_mapped_are_unknown_and_the_lenders_own_are_left_out(
    folder: Path,
) -> None:
    rows = read(folder).application.collect()
    assert set(rows.columns) == set(APPLICATION.columns)
    assert rows["AMT_INCOME_TOTAL"].is_null().all()
    assert rows["OCCUPATION_TYPE"].is_null().all()
    assert rows.schema["AMT_INCOME_TOTAL"] == pl.Float64
    assert rows.schema["OCCUPATION_TYPE"] == pl.String


def test_a_mapped_history_without_a_file_name_has_its_usual_one(folder: Path) -> None:
    tables = read(folder)
    assert tables.histories["bureau"].collect()["SK_ID_BUREAU"].to_list() == [1, 2]
    assert set(tables.absent) == set(HISTORIES) - {"bureau"}


def test_what_is_mapped_is_held_to_the_schema(folder: Path) -> None:
    in_cents = MAPPING.replace("factor: -365.25, round: true", "factor: 365.25, round: true")
    found = faults(folder, in_cents)
    assert [fault.where for fault in found] == [
        "demandes.csv: row 1, DAYS_BIRTH", "demandes.csv: row 2, DAYS_BIRTH",
    ]  # fmt: skip


def test_a_column_that_the_lender_does_not_have_is_a_fault(folder: Path) -> None:
    [fault] = faults(folder, MAPPING.replace("montant_centimes", "montant"))
    assert fault.where == "demandes.csv"
    assert 'unable to find column "montant"' in str(fault.got)


def test_a_history_without_its_key_is_a_fault(folder: Path) -> None:
    [fault] = faults(folder, MAPPING.replace("    SK_ID_BUREAU: {column: credit}\n", ""))
    assert fault.where == "bureau.parquet: SK_ID_BUREAU"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("aplication: {columns: {}}", "aplication is not a table; the tables are application,"),
        ("application: {columns: {AMT_CREDT: {column: a}}}", "did you mean AMT_CREDIT?"),
        ("bureau: {columns: {EXT_SOURCE_1: {column: a}}}", "bureau.EXT_SOURCE_1 is not a known"),
        ("application: {columns: {AMT_CREDIT: {colum: a}}}", "colum"),
        ("application: {columns: {AMT_CREDIT: {column: a, factor: '2'}}}", "factor"),
        ("application: {colums: {}}", "colums"),
        ("application: [", "no YAML"),
        ("just words", "lender.yaml"),
        ("", "lender.yaml"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_told_what_is_wrong(
    folder: Path, wrong: str, told: str
) -> None:
    (folder / "lender.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(InvalidTables) as refused:
        LenderFiles.read(folder / "lender.yaml")
    assert told in str(refused.value)
    assert all(fault.where.startswith("lender.yaml") for fault in refused.value.faults)


def test_labelled_tables_need_their_label_mapped(folder: Path) -> None:
    lender = LenderFiles.read(folder / "lender.yaml")
    with pytest.raises(InvalidTables, match="TARGET"):
        read_tables(
            folder, application="demandes", labelled=True, lender=lender, cache=folder / "cache"
        )
