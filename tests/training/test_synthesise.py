from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

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
from training.synthesise import app
from training.synthetic.generator import synthesise_tables
from training.synthetic.marker import MARKER_FILE
from training.synthetic.writer import TableWriter

CLIENTS = 4_000
EARLIER, LATER = "application_train", "application_test"
FILES = (EARLIER, LATER, *HISTORIES)
PREVIOUS, POS, CARDS = "previous_application", "POS_CASH_balance", "credit_card_balance"

Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic") / "tables"
    synthesise_tables(CLIENTS, out, seed=7)
    return out


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in FILES}


def mean(values: pl.Series) -> float:
    return float(np.mean(values.to_numpy()))


def declared(name: str) -> Table:
    return TABLES.get(name, APPLICATION)


def both(tables: Tables) -> pl.DataFrame:
    return pl.concat([tables[EARLIER].drop(TARGET.name), tables[LATER]])


@pytest.mark.parametrize("name", FILES)
def test_every_file_has_the_columns_of_the_schema_in_their_order(
    tables: Tables, name: str
) -> None:
    columns = list(declared(name).columns)
    if name == EARLIER:
        columns.insert(1, TARGET.name)
    assert tables[name].columns == columns


@pytest.mark.parametrize("name", FILES)
def test_every_value_is_one_that_the_schema_admits(tables: Tables, name: str) -> None:
    for column in declared(name).columns.values():
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


@pytest.mark.parametrize("name", FILES)
def test_no_two_rows_share_a_primary_key(tables: Tables, name: str) -> None:
    if key := declared(name).primary_key:
        assert tables[name].select(key).is_unique().all()


@pytest.mark.parametrize("name", [n for n, t in HISTORIES.items() if t is not BUREAU_BALANCE])
def test_every_history_is_that_of_a_client(tables: Tables, name: str) -> None:
    clients = both(tables)["SK_ID_CURR"]
    assert tables[name]["SK_ID_CURR"].is_in(clients.implode()).all()


def test_every_month_at_the_bureau_is_that_of_a_credit_there(tables: Tables) -> None:
    credits_there = tables["bureau"]["SK_ID_BUREAU"]
    assert tables["bureau_balance"]["SK_ID_BUREAU"].is_in(credits_there.implode()).all()


def test_old_contracts_are_known_by_their_last_rows_only(tables: Tables) -> None:
    listed = tables[PREVIOUS]["SK_ID_PREV"].implode()
    unlisted = {name: mean(~tables[name]["SK_ID_PREV"].is_in(listed)) for name in (POS, CARDS)}
    assert 0.02 < unlisted[POS] < 0.06
    assert 0.25 < unlisted[CARDS] < 0.45


def test_a_contract_is_the_same_clients_in_every_table(tables: Tables) -> None:
    owners = tables[PREVIOUS].select("SK_ID_PREV", owner="SK_ID_CURR")
    for name in ("installments_payments", POS, CARDS):
        rows = tables[name].join(owners, on="SK_ID_PREV")
        assert (rows["SK_ID_CURR"] == rows["owner"]).all()


def test_the_platform_reads_the_files_without_a_fault(folder: Path, tmp_path: Path) -> None:
    assert read_tables(folder, labelled=True, cache=tmp_path).absent_histories == ()


def test_one_client_in_twelve_gets_into_difficulties_as_in_the_source(tables: Tables) -> None:
    assert mean(tables[EARLIER][TARGET.name]) == pytest.approx(0.081, abs=0.015)
    assert set(tables[EARLIER][TARGET.name]) == {0, 1}


def test_as_many_clients_apply_later_as_in_the_source(tables: Tables) -> None:
    assert tables[LATER].height == round(CLIENTS * 48_744 / 356_255)
    assert tables[EARLIER].height + tables[LATER].height == CLIENTS


def test_later_applicants_ask_for_less_and_hardly_ever_for_a_revolving_loan(
    tables: Tables,
) -> None:
    earlier, later = tables[EARLIER], tables[LATER]
    for amount in ("AMT_CREDIT", "AMT_GOODS_PRICE"):
        assert mean(later[amount]) < 0.92 * mean(earlier[amount].drop_nulls())
    assert mean(earlier["NAME_CONTRACT_TYPE"] == "Revolving loans") > 0.07
    assert mean(later["NAME_CONTRACT_TYPE"] == "Revolving loans") < 0.03


def test_later_applicants_are_as_old_as_earlier_ones(tables: Tables) -> None:
    earlier, later = (mean(tables[name]["DAYS_BIRTH"]) for name in (EARLIER, LATER))
    assert later == pytest.approx(earlier, rel=0.04)


@pytest.mark.parametrize("score", ["EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"])
def test_higher_external_scores_go_with_fewer_difficulties(tables: Tables, score: str) -> None:
    halves = tables[EARLIER].group_by(pl.col(score) > 0.5).agg(pl.col(TARGET.name).mean())
    risk = dict(halves.iter_rows())
    assert risk[True] < 0.8 * risk[False]


def test_refused_and_indebted_clients_get_into_difficulties_more_often(tables: Tables) -> None:
    labels = tables[EARLIER].select("SK_ID_CURR", TARGET.name)
    refused = (
        tables[PREVIOUS]
        .group_by("SK_ID_CURR")
        .agg(refused=(pl.col("NAME_CONTRACT_STATUS") == "Refused").any())
        .join(labels, on="SK_ID_CURR")
    )
    risk = dict(refused.group_by("refused").agg(pl.col(TARGET.name).mean()).iter_rows())
    assert risk[True] > risk[False]


def test_who_has_no_job_has_no_employer(tables: Tables) -> None:
    idle = both(tables).filter(pl.col("DAYS_EMPLOYED") == NEVER_DAYS)
    assert idle.height
    assert (idle["ORGANIZATION_TYPE"] == "XNA").all()
    assert idle["OCCUPATION_TYPE"].null_count() == idle.height
    assert (idle["FLAG_EMP_PHONE"] == 0).all()


def test_a_credit_elsewhere_has_ended_or_runs(tables: Tables) -> None:
    running = tables["bureau"].filter(pl.col("CREDIT_ACTIVE") == "Active")
    ended = tables["bureau"].filter(pl.col("CREDIT_ACTIVE") != "Active")
    assert running["DAYS_ENDDATE_FACT"].null_count() == running.height > 0
    assert ended["DAYS_ENDDATE_FACT"].is_between(ended["DAYS_CREDIT"], 0).all()


def test_the_months_of_a_credit_reach_back_to_its_start(tables: Tables) -> None:
    months = (
        tables["bureau_balance"]
        .group_by("SK_ID_BUREAU")
        .agg(pl.len(), pl.col("MONTHS_BALANCE").min())
    )
    rows = months.join(tables["bureau"], on="SK_ID_BUREAU")
    assert (rows["len"] == 1 - rows["MONTHS_BALANCE"]).all()
    assert (rows["MONTHS_BALANCE"] - rows["DAYS_CREDIT"] / 30.44).is_between(-1, 2).all()


def test_instalments_left_only_ever_become_fewer(tables: Tables) -> None:
    months = tables[POS].sort("SK_ID_PREV", "MONTHS_BALANCE")
    fewer = months.select(pl.col("CNT_INSTALMENT_FUTURE").diff().over("SK_ID_PREV")).to_series()
    assert (fewer.drop_nulls() <= 0).all()


def test_instalments_are_those_of_the_contract(tables: Tables) -> None:
    paid = tables["installments_payments"].filter(pl.col("NUM_INSTALMENT_VERSION") == 1)
    rows = paid.join(tables[PREVIOUS], on="SK_ID_PREV")
    assert (rows["NUM_INSTALMENT_NUMBER"] <= rows["CNT_PAYMENT"]).all()
    first = rows.filter(pl.col("NUM_INSTALMENT_NUMBER") == 1)
    assert (first["DAYS_INSTALMENT"] == first["DAYS_FIRST_DUE"]).all()
    early = rows.filter(pl.col("NUM_INSTALMENT_NUMBER") < pl.col("CNT_PAYMENT"))
    assert ((early["AMT_INSTALMENT"] - early["AMT_ANNUITY"]).abs() < 0.01).all()


def test_balances_of_cards_lie_within_their_limits_as_a_rule(tables: Tables) -> None:
    open_cards = tables[CARDS].filter(pl.col("AMT_CREDIT_LIMIT_ACTUAL") > 0)
    within = open_cards["AMT_BALANCE"] <= 1.05 * open_cards["AMT_CREDIT_LIMIT_ACTUAL"]
    assert mean(within) > 0.95


def test_the_same_seed_writes_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    for run, seed in (("one", 1), ("again", 1), ("other", 2)):
        synthesise_tables(200, tmp_path / run, seed=seed)
    for name in FILES:
        one, again, other = (
            (tmp_path / run / f"{name}.parquet").read_bytes() for run in ("one", "again", "other")
        )
        assert one == again
        assert one != other


def test_csv_and_parquet_hold_the_same_tables(tmp_path: Path) -> None:
    for ending in ("csv", "parquet"):
        synthesise_tables(200, tmp_path, seed=1, file_format=ending)
    for name in FILES:
        parquet = pl.read_parquet(tmp_path / f"{name}.parquet")
        csv = pl.read_csv(tmp_path / f"{name}.csv", schema=parquet.schema)
        assert csv.equals(parquet)


def test_csv_is_refused_where_older_parquet_would_be_read_instead(tmp_path: Path) -> None:
    synthesise_tables(3, tmp_path, seed=1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    asked = ["--clients", "3", "--out", str(tmp_path), "--format", "csv"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 1
    assert result.output.count("an older file") == len(FILES)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("clients", [1, 2, 3])
def test_the_fewest_clients_have_all_files_too(tmp_path: Path, clients: int) -> None:
    synthesise_tables(clients, tmp_path, seed=clients)
    assert {path.stem for path in tmp_path.iterdir()} == {*FILES, Path(MARKER_FILE).stem}


def test_after_a_failure_the_folder_is_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "bureau.parquet").write_text("what was there")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
    assert [path.name for path in folder.iterdir()] == ["bureau.parquet"]
    assert (folder / "bureau.parquet").read_text() == "what was there"


def write_and_fail(folder: Path) -> None:
    with TableWriter(folder, FILES, "parquet") as files:
        files.append("bureau", pl.DataFrame({"SK_ID_BUREAU": [1]}))
        raise ZeroDivisionError


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path / "tables")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_what_it_is_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "tables"
    asked = ["--clients", "50", "--out", str(out), "--seed", "3", "--format", "csv"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0
    assert {path.name for path in out.iterdir()} == {
        *(f"{name}.csv" for name in FILES),
        MARKER_FILE,
    }


def test_the_command_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    for wrong in (
        ["--clients", "0"],
        ["--clients", "5", "--seed", "-1"],
        ["--clients", "5", "--format", "xml"],
    ):
        assert CliRunner().invoke(app, [*wrong, "--out", str(tmp_path / "none")]).exit_code != 0
    assert not (tmp_path / "none").exists()
