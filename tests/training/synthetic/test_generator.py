from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from credit.schema import (
    APPLICATION,
    BUREAU_BALANCE,
    HISTORIES,
    NEVER_DAYS,
    TABLES,
    TARGET,
    ColumnKind,
    Table,
)
from stores.raw_tables.tables import read_tables
from training.synthetic.generator import synthesise_tables
from training.synthetic.marker import MARKER_FILE

CLIENTS = 4_000
TRAIN, TEST = "application_train", "application_test"
TABLE_NAMES = (TRAIN, TEST, *HISTORIES)
PREVIOUS, POS, CARDS = "previous_application", "POS_CASH_balance", "credit_card_balance"

Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic") / "tables"
    synthesise_tables(CLIENTS, out, seed=7)
    return out


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLE_NAMES}


def mean(values: pl.Series) -> float:
    return float(np.mean(values.to_numpy()))


def get_table(name: str) -> Table:
    return TABLES.get(name, APPLICATION)


def concat_applications(tables: Tables) -> pl.DataFrame:
    return pl.concat([tables[TRAIN].drop(TARGET.name), tables[TEST]])


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_every_table_has_the_columns_of_the_schema_in_order(tables: Tables, name: str) -> None:
    columns = list(get_table(name).columns)
    if name == TRAIN:
        columns.insert(1, TARGET.name)
    assert tables[name].columns == columns


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_every_value_is_valid_by_the_schema(tables: Tables, name: str) -> None:
    for column in get_table(name).columns.values():
        values = tables[name][column.name].drop_nulls()
        if column.kind is ColumnKind.CATEGORY:
            assert values.dtype == pl.String, column.name
        elif column.kind is ColumnKind.YES_NO:
            assert values.is_in(["Y", "N"]).all(), column.name
        else:
            usual = values.filter(~values.is_in(list(column.sentinels)))
            assert usual.is_between(column.low, column.high).all(), column.name
            assert not column.is_whole_number or (values % 1 == 0).all(), column.name
        if column.required:
            assert tables[name][column.name].null_count() == 0, column.name


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_primary_keys_are_unique(tables: Tables, name: str) -> None:
    if key := get_table(name).primary_key:
        assert tables[name].select(key).is_unique().all()


@pytest.mark.parametrize("name", [n for n, t in HISTORIES.items() if t is not BUREAU_BALANCE])
def test_every_history_row_belongs_to_a_client(tables: Tables, name: str) -> None:
    clients = concat_applications(tables)["SK_ID_CURR"]
    assert tables[name]["SK_ID_CURR"].is_in(clients.implode()).all()


def test_every_bureau_balance_belongs_to_a_bureau_credit(tables: Tables) -> None:
    bureau_credits = tables["bureau"]["SK_ID_BUREAU"]
    assert tables["bureau_balance"]["SK_ID_BUREAU"].is_in(bureau_credits.implode()).all()


def test_the_share_of_unlisted_contracts_is_as_in_the_source(tables: Tables) -> None:
    listed = tables[PREVIOUS]["SK_ID_PREV"].implode()
    unlisted = {name: mean(~tables[name]["SK_ID_PREV"].is_in(listed)) for name in (POS, CARDS)}
    assert 0.02 < unlisted[POS] < 0.06
    assert 0.25 < unlisted[CARDS] < 0.45


def test_a_contract_belongs_to_one_client_in_all_tables(tables: Tables) -> None:
    owners = tables[PREVIOUS].select("SK_ID_PREV", owner="SK_ID_CURR")
    for name in ("installments_payments", POS, CARDS):
        rows = tables[name].join(owners, on="SK_ID_PREV")
        assert (rows["SK_ID_CURR"] == rows["owner"]).all()


def test_the_platform_reads_the_files_without_faults(folder: Path, tmp_path: Path) -> None:
    assert read_tables(folder, labelled=True, cache=tmp_path).absent_histories == ()


def test_the_rate_of_difficulties_is_that_of_the_source(tables: Tables) -> None:
    assert mean(tables[TRAIN][TARGET.name]) == pytest.approx(0.081, abs=0.015)
    assert set(tables[TRAIN][TARGET.name]) == {0, 1}


def test_the_share_of_test_clients_is_that_of_the_source(tables: Tables) -> None:
    assert tables[TEST].height == round(CLIENTS * 48_744 / 356_255)
    assert tables[TRAIN].height + tables[TEST].height == CLIENTS


def test_test_clients_request_less_credit_and_few_revolving_loans(
    tables: Tables,
) -> None:
    train, test = tables[TRAIN], tables[TEST]
    for amount in ("AMT_CREDIT", "AMT_GOODS_PRICE"):
        assert mean(test[amount]) < 0.92 * mean(train[amount].drop_nulls())
    assert mean(train["NAME_CONTRACT_TYPE"] == "Revolving loans") > 0.07
    assert mean(test["NAME_CONTRACT_TYPE"] == "Revolving loans") < 0.03


def test_test_clients_are_as_old_as_train_clients(tables: Tables) -> None:
    train, test = (mean(tables[name]["DAYS_BIRTH"]) for name in (TRAIN, TEST))
    assert test == pytest.approx(train, rel=0.04)


@pytest.mark.parametrize("score", ["EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"])
def test_higher_external_scores_go_with_fewer_difficulties(tables: Tables, score: str) -> None:
    halves = tables[TRAIN].group_by(pl.col(score) > 0.5).agg(pl.col(TARGET.name).mean())
    risk = dict(halves.iter_rows())
    assert risk[True] < 0.8 * risk[False]


def test_refused_and_indebted_clients_get_into_difficulties_more_often(tables: Tables) -> None:
    labels = tables[TRAIN].select("SK_ID_CURR", TARGET.name)
    refused = (
        tables[PREVIOUS]
        .group_by("SK_ID_CURR")
        .agg(refused=(pl.col("NAME_CONTRACT_STATUS") == "Refused").any())
        .join(labels, on="SK_ID_CURR")
    )
    risk = dict(refused.group_by("refused").agg(pl.col(TARGET.name).mean()).iter_rows())
    assert risk[True] > risk[False]


def test_clients_without_a_job_have_no_employer(tables: Tables) -> None:
    unemployed = concat_applications(tables).filter(pl.col("DAYS_EMPLOYED") == NEVER_DAYS)
    assert unemployed.height
    assert (unemployed["ORGANIZATION_TYPE"] == "XNA").all()
    assert unemployed["OCCUPATION_TYPE"].null_count() == unemployed.height
    assert (unemployed["FLAG_EMP_PHONE"] == 0).all()


def test_only_ended_bureau_credits_have_an_end_date(tables: Tables) -> None:
    running = tables["bureau"].filter(pl.col("CREDIT_ACTIVE") == "Active")
    ended = tables["bureau"].filter(pl.col("CREDIT_ACTIVE") != "Active")
    assert running["DAYS_ENDDATE_FACT"].null_count() == running.height > 0
    assert ended["DAYS_ENDDATE_FACT"].is_between(ended["DAYS_CREDIT"], 0).all()


def test_bureau_balances_reach_back_to_the_start_of_the_credit(tables: Tables) -> None:
    months = (
        tables["bureau_balance"]
        .group_by("SK_ID_BUREAU")
        .agg(pl.len(), pl.col("MONTHS_BALANCE").min())
    )
    rows = months.join(tables["bureau"], on="SK_ID_BUREAU")
    assert (rows["len"] == 1 - rows["MONTHS_BALANCE"]).all()
    assert (rows["MONTHS_BALANCE"] - rows["DAYS_CREDIT"] / 30.44).is_between(-1, 2).all()


def test_the_number_of_instalments_left_never_increases(tables: Tables) -> None:
    months = tables[POS].sort("SK_ID_PREV", "MONTHS_BALANCE")
    changes = months.select(pl.col("CNT_INSTALMENT_FUTURE").diff().over("SK_ID_PREV")).to_series()
    assert (changes.drop_nulls() <= 0).all()


def test_instalments_match_their_contract(tables: Tables) -> None:
    paid = tables["installments_payments"].filter(pl.col("NUM_INSTALMENT_VERSION") == 1)
    rows = paid.join(tables[PREVIOUS], on="SK_ID_PREV")
    assert (rows["NUM_INSTALMENT_NUMBER"] <= rows["CNT_PAYMENT"]).all()
    first = rows.filter(pl.col("NUM_INSTALMENT_NUMBER") == 1)
    assert (first["DAYS_INSTALMENT"] == first["DAYS_FIRST_DUE"]).all()
    early = rows.filter(pl.col("NUM_INSTALMENT_NUMBER") < pl.col("CNT_PAYMENT"))
    assert ((early["AMT_INSTALMENT"] - early["AMT_ANNUITY"]).abs() < 0.01).all()


def test_most_card_balances_are_within_the_limit(tables: Tables) -> None:
    open_cards = tables[CARDS].filter(pl.col("AMT_CREDIT_LIMIT_ACTUAL") > 0)
    within = open_cards["AMT_BALANCE"] <= 1.05 * open_cards["AMT_CREDIT_LIMIT_ACTUAL"]
    assert mean(within) > 0.95


def test_the_output_depends_only_on_the_seed(tmp_path: Path) -> None:
    for run, seed in (("first", 1), ("repeated", 1), ("other", 2)):
        synthesise_tables(200, tmp_path / run, seed=seed)
    for name in TABLE_NAMES:
        first_bytes, repeated_bytes, other_bytes = (
            (tmp_path / run / f"{name}.parquet").read_bytes()
            for run in ("first", "repeated", "other")
        )
        assert first_bytes == repeated_bytes
        assert first_bytes != other_bytes


def test_csv_and_parquet_have_the_same_content(tmp_path: Path) -> None:
    for ending in ("csv", "parquet"):
        synthesise_tables(200, tmp_path, seed=1, file_format=ending)
    for name in TABLE_NAMES:
        parquet = pl.read_parquet(tmp_path / f"{name}.parquet")
        csv = pl.read_csv(tmp_path / f"{name}.csv", schema=parquet.schema)
        assert csv.equals(parquet)


@pytest.mark.parametrize("clients", [1, 2, 3])
def test_all_files_are_written_even_for_few_clients(tmp_path: Path, clients: int) -> None:
    synthesise_tables(clients, tmp_path, seed=clients)
    assert {path.stem for path in tmp_path.iterdir()} == {*TABLE_NAMES, Path(MARKER_FILE).stem}
