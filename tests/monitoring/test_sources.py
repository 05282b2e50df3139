"""Sides drawn from folders, from training dossiers, from the ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from credit.decision import Decision, Outcome
from credit.errors import InvalidTables
from credit.scorer import Scorer
from monitoring.pipeline import DriftRequest, InvalidOption, run_drift_analysis
from monitoring.sample import Sample
from monitoring.sources import NothingToCompare, load_folder, load_ledger, load_training
from stores.dossiers.grouping import group_into_dossiers
from stores.ledger.store import Ledger, LedgerRecord
from stores.models.bento_store import ChampionNotFound
from stores.progress import ProgressReporter
from stores.raw_tables.tables import read_tables
from stores.settings import Settings
from tests.monitoring.made import TRAINING, VERSION, applicants, side, write_table
from tests.support.example_dossiers import Dossier

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEPS = ProgressReporter(Console(file=StringIO()))


@pytest.fixture
def where(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def recorded(person: Dossier, at: datetime, *, risk: float, model: str = VERSION) -> LedgerRecord:
    client = person["application"]["SK_ID_CURR"]
    decision = Decision(
        decision_id=f"{client}-{at.isoformat()}", client_id=client, risk=risk, index=risk,
        points=500.0, outcome=Outcome.APPROVE, rules=(), threshold=0.1, model_version=model,
        policy_version="2026-01-01", decided_at=at,
    )  # fmt: skip
    return LedgerRecord(
        decision=decision, kind="predict", document=person, feature_row=np.zeros(3, np.float32),
        contributions=None, request_digest=bytes(32),
    )  # fmt: skip


def kept(where: Settings, records: list[LedgerRecord]) -> None:
    where.home.mkdir(exist_ok=True)
    Ledger(where.database_url).append(records)


def equal(one: Sample, other: Sample) -> bool:
    names = ("AMT_CREDIT", "DAYS_EMPLOYED", "EXT_SOURCE_1")
    return all(
        np.array_equal(one.application[name], other.application[name], equal_nan=True)  # type: ignore[arg-type] # numbers
        for name in names
    ) and np.array_equal(one.risk, other.risk)


def test_a_folder_and_its_dossiers_give_the_side_of_the_same_documents(
    where: Settings, tmp_path: Path, champion: Scorer
) -> None:
    people = applicants(60, seed=3)
    write_table(people, tmp_path / "tables" / "application_train.parquet")
    tables = read_tables(tmp_path / "tables", cache=where.cache_folder)
    group_into_dossiers(tables, where.home / "dossiers" / TRAINING)
    folder = load_folder(tmp_path / "tables", "application_train", where, champion, STEPS)
    training = load_training(where, champion, STEPS)
    assert equal(folder, side(people, champion))
    assert equal(training, side(people, champion))
    assert folder.source == "application_train of tables"
    assert not list(where.cache_folder.glob("*"))


def test_training_dossiers_that_are_gone_are_said_to_be(where: Settings, champion: Scorer) -> None:
    with pytest.raises(NothingToCompare, match="train again, or give the folder"):
        load_training(where, champion, STEPS)


def test_tables_with_faults_leave_nothing_behind(
    where: Settings, tmp_path: Path, champion: Scorer
) -> None:
    write_table(applicants(9, seed=3), tmp_path / "application_train.parquet")
    with pytest.raises(InvalidTables, match="application_test"):
        load_folder(tmp_path, "application_test", where, champion, STEPS)
    assert not list(tmp_path.rglob("*.dossiers.parquet"))


def test_what_is_absent_from_a_folder_is_said(
    where: Settings, tmp_path: Path, champion: Scorer
) -> None:
    write_table(applicants(9, seed=3), tmp_path / "application_test.parquet")
    said = StringIO()
    load_folder(
        tmp_path, "application_test", where, champion, ProgressReporter(Console(file=said))
    )
    assert "absent, so unknown for every client: bureau, " in said.getvalue()


def test_both_folders_may_hold_a_lenders_own_files(
    where: Settings, tmp_path: Path, champion: Scorer
) -> None:
    people, later = applicants(60, seed=3), applicants(40, seed=4)
    write_table(people, tmp_path / "demandes.parquet")
    write_table(later, tmp_path / "nouvelles.parquet")
    same = {name: {"column": name} for name in people[0]["application"]}
    files = {"application_train": "demandes", "application_test": "nouvelles"}
    mapping = {"application": {"files": files, "columns": same}}
    (tmp_path / "lender.yaml").write_text(json.dumps(mapping))
    wanted = DriftRequest.from_options(
        str(tmp_path), str(tmp_path), None, tmp_path / "lender.yaml"
    )
    for table, held in (("application_train", people), ("application_test", later)):
        told = load_folder(tmp_path, table, where, champion, STEPS, lender=wanted.lender)
        assert equal(told, side(held, champion))


def test_a_mapping_is_refused_where_there_is_no_folder_to_map(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="--lender is about folders"):
        DriftRequest.from_options("train", "ledger", None, tmp_path / "lender.yaml")


def test_the_ledger_gives_forms_as_decided_with_the_risk_that_was_told(
    where: Settings, champion: Scorer
) -> None:
    people = applicants(60, seed=3)
    kept(where, [recorded(p, NOON, risk=n / 100) for n, p in enumerate(people)])
    told = load_ledger(where, None, champion, STEPS)
    assert told.risk.tolist() == [n / 100 for n in range(60)]
    assert np.array_equal(
        told.application["AMT_CREDIT"],  # type: ignore[arg-type] # numbers
        side(people, champion).application["AMT_CREDIT"],  # type: ignore[arg-type] # numbers
        equal_nan=True,
    )
    assert (told.source, told.model_counts) == ("60 decisions", {VERSION: 60})


def test_of_a_client_decided_on_often_the_last_form_counts_once(
    where: Settings, champion: Scorer
) -> None:
    [one, other] = applicants(2, seed=3)
    anew = {"application": {**one["application"], "AMT_CREDIT": 123_456.0}}
    hours = [NOON + timedelta(hours=n) for n in range(4)]
    tried = zip((one, one, other, anew), hours, strict=True)
    kept(where, [recorded(p, at, risk=at.hour / 100) for p, at in tried])
    told = load_ledger(where, None, champion, STEPS)
    assert (len(told), told.total, told.source) == (2, 2, "4 decisions")
    assert told.risk.tolist() == [0.14, 0.15]
    assert told.application["AMT_CREDIT"][1] == 123_456  # type: ignore[index] # numbers


def test_only_decisions_since_the_date_count(where: Settings, champion: Scorer) -> None:
    people = applicants(4, seed=3)
    days = [NOON - timedelta(days=n) for n in range(4)]
    kept(where, [recorded(p, d, risk=0.1) for p, d in zip(people, days, strict=True)])
    told = load_ledger(where, NOON - timedelta(days=1), champion, STEPS)
    assert told.source == "2 decisions since 2026-02-28 12:00 UTC"


def test_risks_told_by_other_models_are_counted(where: Settings, champion: Scorer) -> None:
    people = applicants(3, seed=3)
    models = ("credit-scorer:0", VERSION, VERSION)
    kept(
        where, [recorded(p, NOON, risk=0.1, model=m) for p, m in zip(people, models, strict=True)]
    )
    assert load_ledger(where, None, champion, STEPS).model_counts == {
        "credit-scorer:0": 1,
        VERSION: 2,
    }


def test_an_empty_ledger_is_said_to_be(where: Settings, champion: Scorer) -> None:
    where.home.mkdir()
    with pytest.raises(NothingToCompare, match="holds no decision: serve some requests"):
        load_ledger(where, None, champion, STEPS)
    with pytest.raises(NothingToCompare, match=r"since 2026-03-01 12:00 UTC.*earlier --since"):
        load_ledger(where, NOON, champion, STEPS)


def test_a_ledger_out_of_reach_does_not_tell_its_password(
    tmp_path: Path, champion: Scorer
) -> None:
    where = Settings(home=tmp_path, ledger_url="nosuchdb://me:hush@host/db")
    with pytest.raises(NothingToCompare, match="CREDIT_LEDGER_URL") as caught:
        load_ledger(where, None, champion, STEPS)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "current", "since", "said"),
    [
        ("nowhere", "ledger", None, "--reference nowhere: not a folder"),
        ("train", "nowhere", None, "--current nowhere: not a folder"),
        ("ledger", "ledger", None, "--reference ledger: not a folder"),
        ("train", "ledger", "31/12/2025", "not a date; write it as 2026-03-31"),
        ("train", ".", "2026-01-01", "add --current ledger"),
    ],
)
def test_options_that_cannot_be_are_refused_with_what_would_be_right(
    reference: str, current: str, since: str | None, said: str
) -> None:
    with pytest.raises(InvalidOption, match=said):
        DriftRequest.from_options(reference, current, since)


def test_without_a_champion_it_says_to_train_first(where: Settings, tmp_path: Path) -> None:
    wanted = DriftRequest.from_options("train", "ledger", None)
    with pytest.raises(ChampionNotFound, match="run `python -m training` first"):
        run_drift_analysis(where, wanted, tmp_path / "report", STEPS)
    assert not list(tmp_path.iterdir())
