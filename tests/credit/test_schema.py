"""Test the declaration of every raw column, and its range against the public data."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from credit.features import Unit
from credit.schema import APPLICATION, HISTORIES, NEVER_DAYS, TABLES, TARGET, Column, ColumnKind

EVERY = [(table, column) for table in TABLES.values() for column in table.columns.values()]

DESCRIBED = {
    "app_train": "application",
    "app_test": "application",
    "bureau": "bureau",
    "bb": "bureau_balance",
    "data_previous": "previous_application",
    "data_install_paym": "installments_payments",
    "data_posh_cash": "POS_CASH_balance",
    "credit_card_balance": "credit_card_balance",
}
"""Files of `population/` that describe a whole public table."""

WORDED = {"id", "category"}

every_column = pytest.mark.parametrize(
    "column", [column for _, column in EVERY], ids=[f"{t.name}.{c.name}" for t, c in EVERY]
)


@every_column
def test_has_a_meaning(column: Column) -> None:
    assert column.meaning[0].isupper()
    assert column.meaning == column.meaning.strip()
    assert column.unit in {unit.value for unit in Unit} | WORDED


@every_column
def test_has_a_range_unless_it_is_categorical(column: Column) -> None:
    if column.kind is ColumnKind.CATEGORY:
        assert column.low is column.high is None
        return
    assert column.low is not None
    assert column.high is not None
    assert column.low < column.high


@every_column
def test_a_sentinel_is_outside_the_range(column: Column) -> None:
    for sentinel, meaning in column.sentinels.items():
        assert meaning
        if column.kind is not ColumnKind.CATEGORY:
            assert not (column.low or 0) <= float(sentinel) <= (column.high or 0)


@every_column
def test_describes_what_it_expects(column: Column) -> None:
    text = column.describe_expected()
    assert text.endswith(", or null") != column.required
    if column.kind in {ColumnKind.NUMBER, ColumnKind.INTEGER}:
        assert f"from {column.low:g} to {column.high:g}" in text
    for sentinel in column.sentinels:
        assert str(sentinel) in text or column.kind is ColumnKind.CATEGORY


@pytest.mark.parametrize("column", APPLICATION.columns.values(), ids=lambda column: column.name)
def test_a_column_of_the_application_has_a_label(column: Column) -> None:
    if column.kind is not ColumnKind.ID:
        assert column.label
        assert column.label.fr[0].isupper()
        assert column.label.en[0].isupper()


@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_has_its_owner_and_its_keys_in_every_row(name: str) -> None:
    table = TABLES[name]
    assert table.owner_column in table.columns
    assert all(table[column].required for column in table.primary_key)
    assert set(table.primary_key) <= set(table.columns)


def test_only_instalments_have_no_primary_key() -> None:
    assert [t.name for t in TABLES.values() if not t.primary_key] == ["installments_payments"]


def test_no_table_holds_the_label() -> None:
    assert TARGET.name == "TARGET"
    assert all(TARGET.name not in table.columns for table in TABLES.values())


def test_a_thousand_years_stand_for_never_in_days_only() -> None:
    never = {column.unit for _, column in EVERY if NEVER_DAYS in column.sentinels}
    assert never == {"days"}


@pytest.mark.parametrize(("described", "table"), DESCRIBED.items())
def test_ranges_admit_the_extremes_of_the_public_data(
    real_data: Path, described: str, table: str
) -> None:
    matches = _rows(real_data / "population" / f"fullpop_describe_{described}.csv")
    beyond = [
        f"{row['']}: {row[end]}"
        for row in matches
        if row[""] != TARGET.name
        for end in ("min", "max")
        if not _admits(TABLES[table][row[""]], float(row[end]))
    ]
    assert len(matches) > 1
    assert beyond == []


def test_the_columns_are_those_of_the_public_data(real_data: Path) -> None:
    matches = _rows(real_data / "HomeCredit_columns_description.csv", encoding="latin-1")
    public: dict[str, set[str]] = {}
    for row in matches:
        name = row["Table"].removesuffix(".csv").replace("_{train|test}", "")
        # The dictionary spells one column otherwise than the files, and names one they lack.
        spelt = {"SK_BUREAU_ID": "SK_ID_BUREAU", "NFLAG_MICRO_CASH": ""}
        column = spelt.get(row["Row"], row["Row"].strip())
        public.setdefault(name, set()).add(column)
    ours = {table.name: set(table.columns) for table in TABLES.values()}
    ours["application"].add(TARGET.name)
    assert {name: sorted(columns - {""}) for name, columns in public.items()} == {
        name: sorted(columns) for name, columns in ours.items()
    }


def _rows(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def _admits(column: Column, value: float) -> bool:
    assert column.low is not None
    assert column.high is not None
    return column.low <= value <= column.high or value in column.sentinels
