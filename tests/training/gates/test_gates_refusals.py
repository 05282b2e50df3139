"""Trainings gone wrong: each is refused by the gate that ought to see it, and changes nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import bentoml
import mlflow
import numpy as np
import pytest

from credit.dossier import DossierBatch, Floats, Rows
from credit.features import CATALOGUE, FittedFeatures, Matrix, build
from credit.features.declaration.feature import trace_sources
from credit.schema import APPLICATION
from credit.scorer import Scorer
from stores.clients.store import ClientStore
from stores.models.bento_store import MODEL_NAME, get_champion_tag
from stores.models.mlflow_registry import CHAMPION_ALIAS, REFUSED_TAG, get_champion_version
from tests.training.conftest import Laboratory, find_finding
from training.gates import Verdict
from training.model.calibration import Calibration
from training.model.ensemble import scale_leaves
from training.pipeline import TrainingOutcome

pytestmark = pytest.mark.slow

RAW = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")


@pytest.fixture(autouse=True)
def _champion(first: TrainingOutcome) -> None:
    assert first.blocking_codes == ()


@pytest.fixture
def untouched(laboratory: Laboratory) -> Path:
    """Return the home; check afterwards that champion, stores and clients are unchanged."""
    return laboratory.settings.home


def state(laboratory: Laboratory) -> dict[str, object]:
    """All that a refused model may not change."""
    where = laboratory.settings
    return {
        "champion": get_champion_version(where),
        "serving": get_champion_tag(where),
        "bento models": sorted(str(model.tag) for model in bentoml.models.list()),
        "clients": ClientStore(where.clients_path).search("", 5),
        "promotions": hashlib.sha256((where.home / "promotions.jsonl").read_bytes()).hexdigest(),
    }


def refused(laboratory: Laboratory, trained: TrainingOutcome, before: dict[str, object]) -> None:
    """The model is in the registry with its findings, and the home is as it was."""
    assert trained.blocking_codes
    assert state(laboratory) == before
    assert trained.clients == 0
    number = trained.tag.partition(":")[2]
    version = mlflow.MlflowClient(laboratory.settings.mlflow_uri).get_model_version(
        MODEL_NAME, number
    )
    assert version.tags[REFUSED_TAG].split() == list(trained.blocking_codes)
    assert CHAMPION_ALIAS not in version.aliases
    stored = mlflow.artifacts.load_dict(f"runs:/{trained.run_id}/findings.json")
    assert stored["refused_by"] == list(trained.blocking_codes)
    assert {item["code"] for item in stored["gates"]} == {item.code for item in trained.findings}
    assert "Refused by" in trained.report_path.read_text()
    assert "**Refused**" in mlflow.artifacts.load_text(f"runs:/{trained.run_id}/model-card.md")


def test_shuffled_labels(laboratory: Laboratory) -> None:
    before, people = state(laboratory), laboratory.people()
    labels = np.random.default_rng(2).permutation(laboratory.labels(people))
    trained = laboratory.train(people, labels)
    chance = find_finding(trained, "CRG102")
    assert chance.verdict is Verdict.REFUSES
    assert chance.interval is not None
    assert chance.interval.low < 0.5 < chance.interval.high
    refused(laboratory, trained, before)


def test_a_leaking_column(laboratory: Laboratory) -> None:
    before, people = state(laboratory), laboratory.people()
    labels = laboratory.labels(people)
    # Nearly: a perfect leak is learnt for thousands of trees.
    leak = labels ^ (np.random.default_rng(2).random(len(labels)) < 0.03)
    for person, results in zip(people, leak.tolist(), strict=True):
        person["application"]["EXT_SOURCE_3"] = 0.9 - 0.8 * results
    trained = laboratory.train(people, labels)
    assert find_finding(trained, "CRG103").verdict is Verdict.REFUSES
    assert find_finding(trained, "CRG104").verdict is Verdict.REFUSES
    assert "external_score" in find_finding(trained, "CRG104").message
    refused(laboratory, trained, before)


def test_an_inverted_score(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    before, people, right = state(laboratory), laboratory.people(), Scorer.predict_risk

    def inverted(self: Scorer, features: Matrix) -> Floats:
        return 1 - right(self, features)

    monkeypatch.setattr(Scorer, "predict_risk", inverted)
    trained = laboratory.train(people, laboratory.labels(people))
    assert find_finding(trained, "CRG105").verdict is Verdict.REFUSES
    assert find_finding(trained, "CRG111").verdict is Verdict.REFUSES
    refused(laboratory, trained, before)


def test_trees_that_are_lost_on_the_way_to_the_served_model(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, people = state(laboratory), laboratory.people()

    def without_the_last(self: Scorer, features: Matrix) -> Floats:
        trees = self._booster.num_trees() - 1
        return np.asarray(self._booster.predict(features, num_iteration=trees, num_threads=1))

    monkeypatch.setattr(Scorer, "predict_risk", without_the_last)
    trained = laboratory.train(people, laboratory.labels(people))
    assert find_finding(trained, "CRG105").verdict is Verdict.REFUSES
    refused(laboratory, trained, before)


def test_uncalibrated_output(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    before, people = state(laboratory), laboratory.people()
    monkeypatch.setattr(Calibration, "fit", lambda *_: Calibration(slope=1.0, shift=1.5))
    trained = laboratory.train(people, laboratory.labels(people))
    assert find_finding(trained, "CRG106").verdict is Verdict.REFUSES
    assert find_finding(trained, "CRG108").verdict is Verdict.REFUSES
    refused(laboratory, trained, before)


def test_a_calibration_that_is_lost_on_the_way_to_the_served_model(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, people = state(laboratory), laboratory.people()
    monkeypatch.setattr(
        "training.model.trainer.apply_calibration", lambda raw, _: scale_leaves(raw, 1, shift=1.5)
    )
    trained = laboratory.train(people, laboratory.labels(people))
    lost = find_finding(trained, "CRG106")
    assert lost.verdict is Verdict.REFUSES
    assert lost.value is not None
    assert lost.value < -1
    assert find_finding(trained, "CRG108").verdict is Verdict.PASSES
    refused(laboratory, trained, before)


def test_a_unit_that_differs_between_file_and_request(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, people, age = state(laboratory), laboratory.people(), list(CATALOGUE).index("age")

    def in_years(dossiers: DossierBatch, fitted: FittedFeatures) -> Matrix:
        matrix = build(dossiers, fitted)
        matrix[:, age] /= 365
        return matrix

    monkeypatch.setattr("credit.scorer.build", in_years)
    trained = laboratory.train(people, laboratory.labels(people))
    parity = find_finding(trained, "CRG112")
    assert parity.verdict is Verdict.REFUSES
    assert "age" in parity.message
    refused(laboratory, trained, before)


def test_a_unit_that_differs_from_the_champion_s(laboratory: Laboratory) -> None:
    before, people = state(laboratory), laboratory.people()
    labels = laboratory.labels(people)
    for person in people:
        form = person["application"]
        form["AMT_INCOME_TOTAL"] = 1_000 * (form["AMT_INCOME_TOTAL"] or 1) + 1e7
    trained = laboratory.train(people, labels)
    moved = find_finding(trained, "CRG113")
    assert moved.verdict is Verdict.REFUSES
    assert "income" in moved.message
    refused(laboratory, trained, before)


def test_a_feature_derived_from_sex(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, people = state(laboratory), laboratory.people()

    def income_of_women(form: Rows) -> Floats:
        return np.where(
            form.get_categorical("CODE_GENDER") == "F", form["AMT_INCOME_TOTAL"], np.nan
        )

    derived = replace(CATALOGUE["income"], sources=trace_sources(APPLICATION, income_of_women))
    changed = MappingProxyType({**CATALOGUE, "income": derived})
    monkeypatch.setattr("training.gates.behaviour.CATALOGUE", changed)
    trained = laboratory.train(people, laboratory.labels(people))
    excluded = find_finding(trained, "CRG110")
    assert excluded.verdict is Verdict.REFUSES
    assert excluded.message == "income rests on application.CODE_GENDER"
    refused(laboratory, trained, before)


def test_a_model_weaker_than_the_champion(laboratory: Laboratory) -> None:
    """The same clients with fewer known histories, scored by the folds that left them out."""
    before, people = state(laboratory), laboratory.people()
    labels = laboratory.labels(people)
    for person in people:
        for name in RAW[1:]:
            person["application"][name] = None
    trained = laboratory.train(people, labels)
    weaker = find_finding(trained, "CRG101")
    assert weaker.verdict is Verdict.REFUSES
    assert weaker.interval is not None
    assert weaker.interval.high < 0
    refused(laboratory, trained, before)


def test_findings_are_json_for_programs(laboratory: Laboratory, first: TrainingOutcome) -> None:
    stored = mlflow.artifacts.load_dict(f"runs:/{first.run_id}/findings.json")
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored
    assert laboratory.settings.reports_folder.joinpath("report.html").exists()
