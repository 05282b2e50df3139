"""Batch scoring on one machine gives every client the decision of their dossier alone."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from batch.local import score_file, score_tables
from credit.errors import CreditError
from credit.features import CATALOGUE
from credit.policy import Policy, logit
from credit.scorer import Scorer
from credit.underwriting import RULE_COLUMNS, make_decision, score_dossiers
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DOSSIERS_PER_BATCH, DossierFile
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import read_tables
from stores.settings import Settings
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import make_table_frames, write_tables

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TEST = "application_test"


@pytest.fixture(scope="module")
def people() -> list[Dossier]:
    """Make random clients; policy rules apply to some."""
    clients = make_random_dossiers(150, seed=31, complete=True)
    for index, form in enumerate(person["application"] for person in clients):
        form["DAYS_BIRTH"] = [-6_574, -6_575, None, -9_000][index % 4]
        form["AMT_ANNUITY"] = [form["AMT_INCOME_TOTAL"], 1.0, None, 1e9][index // 4 % 4]
    return clients


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, people: list[Dossier]) -> DossierFile:
    folder = write_tables(
        tmp_path_factory.mktemp("tables"), make_table_frames(people, application=TEST), ".csv.gz"
    )
    tables = read_tables(folder, application=TEST, cache=folder / "cache")
    group_into_dossiers(tables, folder / "some.parquet")
    return DossierFile(folder / "some.parquet")


def score(
    file: DossierFile,
    out: Path,
    scorer: Scorer,
    policy: Policy,
    *,
    with_contributions: bool = False,
) -> pl.DataFrame:
    progress: list[int] = []
    count = score_file(
        file,
        out,
        scorer=scorer,
        policy=policy,
        with_contributions=with_contributions,
        advance=progress.append,
    )
    assert count == sum(progress) == len(file)
    return pl.read_parquet(out)


def test_a_batch_equals_the_decisions_on_single_dossiers(
    tmp_path: Path, file: DossierFile, people: list[Dossier], scorer: Scorer, policy: Policy
) -> None:
    rows = score(file, tmp_path / "out.parquet", scorer, policy)
    assert sorted(rows["SK_ID_CURR"]) == [person["application"]["SK_ID_CURR"] for person in people]
    for row in rows.iter_rows(named=True):
        [single] = score_dossiers(scorer, [people[row["SK_ID_CURR"] - 1]], policy)
        decision = make_decision(single, scorer.version, policy, None, NOW)
        assert row == {
            "SK_ID_CURR": decision.client_id,
            "risk": decision.risk,
            "index": decision.index,
            "points": decision.points,
            "outcome": decision.outcome.value,
            "rules": list(decision.rules),
            "not_stated": list(decision.not_stated),
        }


def test_the_example_clients_cover_every_outcome_and_rule(
    tmp_path: Path, file: DossierFile, scorer: Scorer, policy: Policy
) -> None:
    rows = score(file, tmp_path / "out.parquet", scorer, policy)
    assert set(rows["outcome"]) == {"approve", "refer", "decline"}
    assert set(rows["rules"].explode(empty_as_null=True, keep_nulls=True).drop_nulls()) == {
        rule.code for rule in policy.rules if rule.code != "not-stated"
    }


def test_a_batch_names_the_fields_that_are_not_stated(
    tmp_path: Path, file: DossierFile, people: list[Dossier], scorer: Scorer, policy: Policy
) -> None:
    metadata = scorer.metadata.model_copy(update={"commonly_stated": ("AMT_ANNUITY",)})
    strict = Scorer(scorer.model_text, metadata, version=scorer.version)
    rows = score(file, tmp_path / "out.parquet", strict, policy)
    unknown = {
        person["application"]["SK_ID_CURR"]
        for person in people
        if not person["application"]["AMT_ANNUITY"]
    }
    assert 0 < len(unknown) < len(people)
    for row in rows.iter_rows(named=True):
        is_unknown = row["SK_ID_CURR"] in unknown
        assert row["not_stated"] == ["AMT_ANNUITY"] * is_unknown
        assert ("not-stated" in row["rules"]) is is_unknown
        assert not (is_unknown and row["outcome"] == "approve")


def test_contributions_add_up_to_the_risk_and_equal_the_scorers(
    tmp_path: Path, file: DossierFile, people: list[Dossier], scorer: Scorer, policy: Policy
) -> None:
    rows = score(file, tmp_path / "out.parquet", scorer, policy, with_contributions=True)
    names = [*(f"log_odds.{name}" for name in CATALOGUE), "log_odds.base"]
    assert rows.columns[7:] == names
    contributions = rows.select(names).to_numpy()
    for index, (client_id, risk) in enumerate(rows.select("SK_ID_CURR", "risk").iter_rows()):
        assert math.isclose(math.fsum(contributions[index]), logit(risk), rel_tol=0, abs_tol=1e-9)
        features = scorer.build_features([people[client_id - 1]])
        assert np.array_equal(scorer.predict_contributions(features)[0], contributions[index])


def test_contributions_do_not_change_the_decisions(
    tmp_path: Path, file: DossierFile, scorer: Scorer, policy: Policy
) -> None:
    plain = score(file, tmp_path / "plain.parquet", scorer, policy)
    explained = score(
        file, tmp_path / "explained.parquet", scorer, policy, with_contributions=True
    )
    assert explained.select(plain.columns).equals(plain)


def test_risks_stay_with_their_clients_across_batches(
    tmp_path: Path, scorer: Scorer, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.dossiers.grouping.CLIENTS_PER_SLICE", 1_000)
    scores = np.random.default_rng(6).uniform(0, 1, DOSSIERS_PER_BATCH + 150)
    forms: list[Dossier] = [
        {"application": {"SK_ID_CURR": number, "EXT_SOURCE_2": score, "EXT_SOURCE_3": score}}
        for number, score in enumerate(scores.tolist())
    ]
    folder = write_tables(tmp_path, make_table_frames(forms))
    group_into_dossiers(read_tables(folder, cache=folder / "cache"), folder / "forms.parquet")
    rows = score(DossierFile(folder / "forms.parquet"), tmp_path / "out", scorer, policy)
    risks = scorer.predict_risk(scorer.build_features(forms)).tolist()
    assert dict(rows.select("SK_ID_CURR", "risk").iter_rows()) == dict(enumerate(risks))
    assert len(set(risks)) > 4


def test_the_policy_rules_read_exactly_the_columns_that_the_batch_provides(policy: Policy) -> None:
    form: dict[str, float] = dict.fromkeys(RULE_COLUMNS, 1.0)
    columns_read: set[str] = set()

    class RecordingForm(dict[str, float]):
        def get(self, key: str, default: object = None) -> float:
            del default
            columns_read.add(key)
            return form[key]

    policy.find_applicable_rules(RecordingForm())
    assert columns_read == set(RULE_COLUMNS)


def test_the_output_file_appears_when_it_is_complete(
    tmp_path: Path, file: DossierFile, scorer: Scorer, policy: Policy
) -> None:
    out = tmp_path / "new" / "folder" / "out.parquet"

    def fail(_: int) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        score_file(file, out, scorer=scorer, policy=policy, with_contributions=False, advance=fail)
    assert not list(out.parent.iterdir())
    assert len(score(file, out, scorer, policy)) == len(file)
    assert [path.name for path in out.parent.iterdir()] == ["out.parquet"]


def test_a_file_without_clients_is_a_fault(
    tmp_path: Path, file: DossierFile, scorer: Scorer, policy: Policy
) -> None:
    no_clients = pl.read_parquet(file.path).clear()
    no_clients.write_parquet(tmp_path / "empty.parquet")
    with pytest.raises(CreditError):
        score(DossierFile(tmp_path / "empty.parquet"), tmp_path / "out", scorer, policy)


@pytest.fixture
def folder(tmp_path: Path, people: list[Dossier]) -> Path:
    """Write new and labelled applications under a lender's file names, and one history."""
    frames = make_table_frames(people[:40], application=TEST)
    tables = {
        "nouvelles": frames[TEST],
        "demandes": frames[TEST].head(3),
        "bureau": frames["bureau"],
    }
    return write_tables(tmp_path / "tables", tables)


def score_folder(
    folder: Path, scorer: Scorer, policy: Policy, lender: LenderMapping
) -> tuple[int, str]:
    """Score a folder, and return the number of clients and the log."""
    log, parent = StringIO(), folder.parent
    tables = read_tables(folder, application=TEST, lender=lender, cache=parent / "home" / "cache")
    count = score_tables(
        Settings(home=parent / "home"), tables, parent / "out" / "scores.parquet", scorer=scorer,
        policy=policy, with_contributions=False, progress=ProgressReporter(Console(file=log)),
    )  # fmt: skip
    return count, log.getvalue()


def map_file_names(columns: list[str]) -> LenderMapping:
    """Map file names only: every column keeps its name."""
    files = {"application_train": "demandes", TEST: "nouvelles"}
    same_columns = {name: {"column": name} for name in columns}
    return LenderMapping.model_validate({"application": {"files": files, "columns": same_columns}})


def test_new_applications_of_a_lender_are_scored(
    folder: Path, scorer: Scorer, policy: Policy
) -> None:
    lender = map_file_names(pl.read_parquet(folder / "nouvelles.parquet").columns)
    count, log = score_folder(folder, scorer, policy, lender)
    assert count == 40
    assert len([line for line in log.splitlines() if "absent, so unknown" in line]) == 1
    assert not list((folder.parent / "home" / "cache").glob("*.dossiers.parquet"))


def test_a_failed_scoring_leaves_no_files(
    folder: Path, scorer: Scorer, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("batch.local.score_batch", fail)
    lender = map_file_names(pl.read_parquet(folder / "nouvelles.parquet").columns)
    with pytest.raises(OSError, match="the disk is full"):
        score_folder(folder, scorer, policy, lender)
    assert not list((folder.parent / "out").iterdir())
    assert not list((folder.parent / "home" / "cache").glob("*.dossiers.parquet*"))
