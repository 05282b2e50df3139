"""Samples loaded from folders, from training dossiers and from the ledger."""

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
from monitoring.request import DriftRequest
from monitoring.sample import Sample
from monitoring.sources import NothingToCompare, load_folder, load_ledger, load_training
from stores.dossiers.grouping import group_into_dossiers
from stores.ledger.store import Ledger, LedgerRecord
from stores.progress import ProgressReporter
from stores.raw_tables.tables import read_tables
from stores.settings import Settings
from tests.support.example_dossiers import Dossier
from tests.support.monitoring.drift_samples import (
    MODEL_VERSION,
    TRAINING_DOSSIERS_FILE,
    make_applicants,
    make_sample,
    write_table,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROGRESS = ProgressReporter(Console(file=StringIO()))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def make_record(
    dossier: Dossier, at: datetime, *, risk: float, model: str = MODEL_VERSION
) -> LedgerRecord:
    client = dossier["application"]["SK_ID_CURR"]
    decision = Decision(
        decision_id=f"{client}-{at.isoformat()}", client_id=client, risk=risk, index=risk,
        points=500.0, outcome=Outcome.APPROVE, rules=(), not_stated=(), threshold=0.1,
        model_version=model,
        policy_version="2026-01-01", decided_at=at,
    )  # fmt: skip
    return LedgerRecord(
        decision=decision, kind="predict", document=dossier, feature_row=np.zeros(3, np.float32),
        contributions=None, request_digest=bytes(32),
    )  # fmt: skip


def append_records(settings: Settings, records: list[LedgerRecord]) -> None:
    settings.home.mkdir(exist_ok=True)
    Ledger(settings.database_url).append(records)


def are_equal(first: Sample, second: Sample) -> bool:
    names = ("AMT_CREDIT", "DAYS_EMPLOYED", "EXT_SOURCE_1")
    return all(
        np.array_equal(first.application[name], second.application[name], equal_nan=True)  # type: ignore[arg-type] # numbers
        for name in names
    ) and np.array_equal(first.risk, second.risk)


def test_a_folder_and_its_dossiers_give_the_sample_of_the_same_documents(
    settings: Settings, tmp_path: Path, champion: Scorer
) -> None:
    clients = make_applicants(60, seed=3)
    write_table(clients, tmp_path / "tables" / "application_train.parquet")
    tables = read_tables(tmp_path / "tables", cache=settings.cache_folder)
    group_into_dossiers(tables, settings.home / "dossiers" / TRAINING_DOSSIERS_FILE)
    folder = load_folder(tmp_path / "tables", "application_train", settings, champion, PROGRESS)
    training = load_training(settings, champion, PROGRESS)
    assert are_equal(folder, make_sample(clients, champion))
    assert are_equal(training, make_sample(clients, champion))
    assert folder.source == "application_train of tables"
    assert not list(settings.cache_folder.glob("*"))


def test_missing_training_dossiers_are_reported(settings: Settings, champion: Scorer) -> None:
    with pytest.raises(NothingToCompare, match="train again, or give the folder"):
        load_training(settings, champion, PROGRESS)


def test_invalid_tables_leave_no_file_behind(
    settings: Settings, tmp_path: Path, champion: Scorer
) -> None:
    write_table(make_applicants(9, seed=3), tmp_path / "application_train.parquet")
    with pytest.raises(InvalidTables, match="application_test"):
        load_folder(tmp_path, "application_test", settings, champion, PROGRESS)
    assert not list(tmp_path.rglob("*.dossiers.parquet"))


def test_histories_absent_from_a_folder_are_reported(
    settings: Settings, tmp_path: Path, champion: Scorer
) -> None:
    write_table(make_applicants(9, seed=3), tmp_path / "application_test.parquet")
    output = StringIO()
    load_folder(
        tmp_path, "application_test", settings, champion, ProgressReporter(Console(file=output))
    )
    assert "absent, so unknown for every client: bureau, " in output.getvalue()


def test_both_folders_may_hold_a_lenders_own_files(
    settings: Settings, tmp_path: Path, champion: Scorer
) -> None:
    clients, later = make_applicants(60, seed=3), make_applicants(40, seed=4)
    write_table(clients, tmp_path / "demandes.parquet")
    write_table(later, tmp_path / "nouvelles.parquet")
    same = {name: {"column": name} for name in clients[0]["application"]}
    files = {"application_train": "demandes", "application_test": "nouvelles"}
    mapping = {"application": {"files": files, "columns": same}}
    (tmp_path / "lender.yaml").write_text(json.dumps(mapping))
    request = DriftRequest.from_options(
        str(tmp_path), str(tmp_path), None, tmp_path / "lender.yaml"
    )
    for table, expected in (("application_train", clients), ("application_test", later)):
        sample = load_folder(tmp_path, table, settings, champion, PROGRESS, lender=request.lender)
        assert are_equal(sample, make_sample(expected, champion))


def test_the_ledger_gives_applications_as_decided_with_the_recorded_risk(
    settings: Settings, champion: Scorer
) -> None:
    clients = make_applicants(60, seed=3)
    append_records(
        settings, [make_record(client, NOON, risk=n / 100) for n, client in enumerate(clients)]
    )
    sample = load_ledger(settings, None, champion, PROGRESS)
    assert sample.risk.tolist() == [n / 100 for n in range(60)]
    assert np.array_equal(
        sample.application["AMT_CREDIT"],  # type: ignore[arg-type] # numbers
        make_sample(clients, champion).application["AMT_CREDIT"],  # type: ignore[arg-type] # numbers
        equal_nan=True,
    )
    assert (sample.source, sample.model_counts) == ("60 decisions", {MODEL_VERSION: 60})


def test_only_the_last_application_of_a_client_counts(
    settings: Settings, champion: Scorer
) -> None:
    [first, second] = make_applicants(2, seed=3)
    changed = {"application": {**first["application"], "AMT_CREDIT": 123_456.0}}
    hours = [NOON + timedelta(hours=n) for n in range(4)]
    decided = zip((first, first, second, changed), hours, strict=True)
    append_records(
        settings, [make_record(client, at, risk=at.hour / 100) for client, at in decided]
    )
    sample = load_ledger(settings, None, champion, PROGRESS)
    assert (len(sample), sample.total, sample.source) == (2, 2, "4 decisions")
    assert sample.risk.tolist() == [0.14, 0.15]
    assert sample.application["AMT_CREDIT"][1] == 123_456  # type: ignore[index] # numbers


def test_only_decisions_since_the_date_count(settings: Settings, champion: Scorer) -> None:
    clients = make_applicants(4, seed=3)
    days = [NOON - timedelta(days=n) for n in range(4)]
    append_records(
        settings,
        [make_record(client, day, risk=0.1) for client, day in zip(clients, days, strict=True)],
    )
    sample = load_ledger(settings, NOON - timedelta(days=1), champion, PROGRESS)
    assert sample.source == "2 decisions since 2026-02-28 12:00 UTC"


def test_decisions_of_other_models_are_counted(settings: Settings, champion: Scorer) -> None:
    clients = make_applicants(3, seed=3)
    models = ("credit-scorer:0", MODEL_VERSION, MODEL_VERSION)
    append_records(
        settings,
        [
            make_record(client, NOON, risk=0.1, model=model)
            for client, model in zip(clients, models, strict=True)
        ],
    )
    assert load_ledger(settings, None, champion, PROGRESS).model_counts == {
        "credit-scorer:0": 1,
        MODEL_VERSION: 2,
    }


def test_an_empty_ledger_is_reported(settings: Settings, champion: Scorer) -> None:
    settings.home.mkdir()
    with pytest.raises(NothingToCompare, match="has no decision: serve some requests"):
        load_ledger(settings, None, champion, PROGRESS)
    with pytest.raises(NothingToCompare, match=r"since 2026-03-01 12:00 UTC.*earlier --since"):
        load_ledger(settings, NOON, champion, PROGRESS)


def test_the_error_of_an_unreachable_ledger_does_not_show_its_password(
    tmp_path: Path, champion: Scorer
) -> None:
    settings = Settings(home=tmp_path, ledger_url="nosuchdb://me:hush@host/db")
    with pytest.raises(NothingToCompare, match="CREDIT_LEDGER_URL") as caught:
        load_ledger(settings, None, champion, PROGRESS)
    assert "hush" not in str(caught.value)
