"""A folder scored at once says of every client what his dossier alone says, to the last bit."""

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
from batch.scoring import RULE_COLUMNS
from credit.errors import CreditError
from credit.features import CATALOGUE
from credit.policy import Policy, logit
from credit.scorer import Scorer
from credit.underwriting import make_decision, score_dossiers
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
def everyone() -> list[Dossier]:
    """Clients of all kinds, some of whom rules hold for."""
    people = make_random_dossiers(150, seed=31, complete=True)
    for place, form in enumerate(person["application"] for person in people):
        form["DAYS_BIRTH"] = [-6_574, -6_575, None, -9_000][place % 4]
        form["AMT_ANNUITY"] = [form["AMT_INCOME_TOTAL"], 1.0, None, 1e9][place // 4 % 4]
    return people


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, everyone: list[Dossier]) -> DossierFile:
    folder = write_tables(
        tmp_path_factory.mktemp("tables"), make_table_frames(everyone, application=TEST), ".csv.gz"
    )
    tables = read_tables(folder, application=TEST, cache=folder / "cache")
    group_into_dossiers(tables, folder / "some.parquet")
    return DossierFile(folder / "some.parquet")


def scored(
    file: DossierFile, out: Path, scorer: Scorer, policy: Policy, *, explained: bool = False
) -> pl.DataFrame:
    advanced: list[int] = []
    count = score_file(
        file,
        out,
        scorer=scorer,
        policy=policy,
        with_contributions=explained,
        advance=advanced.append,
    )
    assert count == sum(advanced) == len(file)
    return pl.read_parquet(out)


def test_a_folder_is_scored_as_its_dossiers_are_one_by_one(
    tmp_path: Path, file: DossierFile, everyone: list[Dossier], scorer: Scorer, policy: Policy
) -> None:
    rows = scored(file, tmp_path / "out.parquet", scorer, policy)
    assert sorted(rows["SK_ID_CURR"]) == [p["application"]["SK_ID_CURR"] for p in everyone]
    for row in rows.iter_rows(named=True):
        [alone] = score_dossiers(scorer, [everyone[row["SK_ID_CURR"] - 1]])
        decision = make_decision(alone, scorer.version, policy, None, NOW)
        assert row == {
            "SK_ID_CURR": decision.client_id,
            "risk": decision.risk,
            "index": decision.index,
            "points": decision.points,
            "outcome": decision.outcome.value,
            "rules": list(decision.rules),
        }


def test_the_clients_compared_meet_every_outcome_and_rule(
    tmp_path: Path, file: DossierFile, scorer: Scorer, policy: Policy
) -> None:
    rows = scored(file, tmp_path / "out.parquet", scorer, policy)
    assert set(rows["outcome"]) == {"approve", "refer", "decline"}
    assert set(rows["rules"].explode(empty_as_null=True, keep_nulls=True).drop_nulls()) == {
        rule.code for rule in policy.rules
    }


def test_contributions_add_up_to_the_risk_and_are_those_of_the_scorer(
    tmp_path: Path, file: DossierFile, everyone: list[Dossier], scorer: Scorer, policy: Policy
) -> None:
    rows = scored(file, tmp_path / "out.parquet", scorer, policy, explained=True)
    names = [*(f"log_odds.{name}" for name in CATALOGUE), "log_odds.base"]
    assert rows.columns[6:] == names
    told = rows.select(names).to_numpy()
    for place, (client, risk) in enumerate(rows.select("SK_ID_CURR", "risk").iter_rows()):
        assert math.isclose(math.fsum(told[place]), logit(risk), rel_tol=0, abs_tol=1e-9)
        features = scorer.build_features([everyone[client - 1]])
        assert np.array_equal(scorer.predict_contributions(features)[0], told[place])


def test_explaining_changes_no_decision(
    tmp_path: Path, file: DossierFile, scorer: Scorer, policy: Policy
) -> None:
    plain = scored(file, tmp_path / "plain.parquet", scorer, policy)
    explained = scored(file, tmp_path / "explained.parquet", scorer, policy, explained=True)
    assert explained.select(plain.columns).equals(plain)


def test_clients_of_several_batches_keep_their_own_risks(
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
    rows = scored(DossierFile(folder / "forms.parquet"), tmp_path / "out", scorer, policy)
    risks = scorer.predict_risk(scorer.build_features(forms)).tolist()
    assert dict(rows.select("SK_ID_CURR", "risk").iter_rows()) == dict(enumerate(risks))
    assert len(set(risks)) > 4


def test_the_rules_look_at_no_other_columns_than_the_batch_gives_them(policy: Policy) -> None:
    form: dict[str, float] = dict.fromkeys(RULE_COLUMNS, 1.0)
    asked: set[str] = set()

    class Asked(dict[str, float]):
        def get(self, key: str, default: object = None) -> float:
            del default
            asked.add(key)
            return form[key]

    policy.find_applicable_rules(Asked())
    assert asked == set(RULE_COLUMNS)


def test_the_output_appears_when_it_is_whole(
    tmp_path: Path, file: DossierFile, scorer: Scorer, policy: Policy
) -> None:
    out = tmp_path / "new" / "folder" / "out.parquet"

    def broken(_: int) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        score_file(
            file, out, scorer=scorer, policy=policy, with_contributions=False, advance=broken
        )
    assert not list(out.parent.iterdir())
    assert len(scored(file, out, scorer, policy)) == len(file)
    assert [path.name for path in out.parent.iterdir()] == ["out.parquet"]


def test_nobody_to_score_is_told_as_a_fault_of_the_tables(
    tmp_path: Path, file: DossierFile, scorer: Scorer, policy: Policy
) -> None:
    nobody = pl.read_parquet(file.path).clear()
    nobody.write_parquet(tmp_path / "nobody.parquet")
    with pytest.raises(CreditError):
        scored(DossierFile(tmp_path / "nobody.parquet"), tmp_path / "out", scorer, policy)


@pytest.fixture
def folder(tmp_path: Path, everyone: list[Dossier]) -> Path:
    """New applications under a lender's own name, beside the labelled ones; one history."""
    told = make_table_frames(everyone[:40], application=TEST)
    few = {"nouvelles": told[TEST], "demandes": told[TEST].head(3), "bureau": told["bureau"]}
    return write_tables(tmp_path / "tables", few)


def batch(folder: Path, scorer: Scorer, policy: Policy, lender: LenderMapping) -> tuple[int, str]:
    """How many were scored, and what was said; their cache and output stand beside the tables."""
    said, beside = StringIO(), folder.parent
    tables = read_tables(folder, application=TEST, lender=lender, cache=beside / "home" / "cache")
    count = score_tables(
        Settings(home=beside / "home"), tables, beside / "out" / "scores.parquet", scorer=scorer,
        policy=policy, with_contributions=False, progress=ProgressReporter(Console(file=said)),
    )  # fmt: skip
    return count, said.getvalue()


def own_names(columns: list[str]) -> LenderMapping:
    """A mapping of names of files alone."""
    files = {"application_train": "demandes", TEST: "nouvelles"}
    same = {name: {"column": name} for name in columns}
    return LenderMapping.model_validate({"application": {"files": files, "columns": same}})


def test_the_new_applications_of_a_lenders_own_files_are_scored(
    folder: Path, scorer: Scorer, policy: Policy
) -> None:
    lender = own_names(pl.read_parquet(folder / "nouvelles.parquet").columns)
    count, said = batch(folder, scorer, policy, lender)
    assert count == 40
    assert len([line for line in said.splitlines() if "absent, so unknown" in line]) == 1
    assert not list((folder.parent / "home" / "cache").glob("*.dossiers.parquet"))


def test_a_scoring_that_fails_leaves_nothing_behind(
    folder: Path, scorer: Scorer, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("batch.local.score_batch", broken)
    lender = own_names(pl.read_parquet(folder / "nouvelles.parquet").columns)
    with pytest.raises(OSError, match="the disk is full"):
        batch(folder, scorer, policy, lender)
    assert not list((folder.parent / "out").iterdir())
    assert not list((folder.parent / "home" / "cache").glob("*.dossiers.parquet*"))
