from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import StandardScaler

from credit.features import CATALOGUE
from credit.features.definitions.application import FORM
from credit.policy import Policy
from stores.settings import Settings
from tests.support.small_model import QUICK_PARAMETERS, SEED
from training.data.dataset import TrainingSet, stratified_sample
from training.experiments.comparison import (
    SERVED_MODEL,
    Comparison,
    compare_models,
    count_comparison_steps,
)
from training.experiments.fold_runner import CandidateConfig, FoldExperiment
from training.experiments.results import save_comparison, start_experiment_run
from training.model.baseline import BASELINE, BASELINE_PARAMETERS, baseline_dataset
from training.model.challengers import (
    CHALLENGERS,
    MODEL_STEP,
    ImbalanceStrategy,
    UnknownChallenger,
    imputer,
    select_challengers,
)
from training.tracking.provenance import Provenance

CLIENTS, FOLDS = 700, 2
ORIGIN = Provenance(
    data="made up", code="test", day="2026-11-24", parameters={}, formulas="f", clients=700,
    total_clients=9_000, seed=SEED,
)  # fmt: skip
FORM_NAMES = [feature.name for feature in FORM.iter_features()]
QUICKEST = select_challengers(["dummy", "scorecard", "scaled"])


@pytest.fixture(scope="module")
def few(learnable: TrainingSet) -> TrainingSet:
    return learnable.take(stratified_sample(learnable, CLIENTS, seed=SEED))


@pytest.fixture(scope="module")
def steps() -> list[int]:
    return []


@pytest.fixture(scope="module")
def comparison(few: TrainingSet, policy: Policy, steps: list[int]) -> Comparison:
    return compare_models(
        few, policy, seed=SEED, folds=FOLDS, search_seconds=0, progress=steps.append,
        challengers=QUICKEST, parameters=QUICK_PARAMETERS, baseline_parameters={**BASELINE_PARAMETERS, "learning_rate": 0.3},
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Where the study that fails is the first; MLflow's store is made once."""
    tracked = mlflow.get_tracking_uri()
    yield Settings(home=tmp_path_factory.mktemp("home"))
    mlflow.set_tracking_uri(tracked)


@pytest.fixture(scope="module")
def kept(comparison: Comparison, home: Settings) -> Path:
    """The reports of a home where a study failed, then one was kept."""
    fail(home)
    assert not home.reports_folder.exists()
    with start_experiment_run(home, "comparison", {"clients": CLIENTS}) as folder:
        save_comparison(comparison, ORIGIN, folder)
    return home.reports_folder


def fail(home: Settings) -> None:
    """A study that breaks down when it has written something."""
    with suppress(ZeroDivisionError), start_experiment_run(home, "comparison", {}) as folder:
        (folder / "comparison.json").write_text("{}")
        raise ZeroDivisionError


def test_every_model_is_there_untuned_and_tuned_and_weighted_each_way(
    comparison: Comparison,
) -> None:
    told = [(row.model, row.tuned, row.balance) for row in comparison.rows]
    ways = [(tuned, balance.value) for tuned in (False, True) for balance in ImbalanceStrategy]
    expected = [(name, False, "plain") for name in (SERVED_MODEL, BASELINE, "dummy")]
    expected += [(c.name, *way) for c in QUICKEST if c.search_space for way in ways]
    assert sorted(told) == sorted(expected)
    assert told[:2] == [(SERVED_MODEL, False, "plain"), (BASELINE, False, "plain")]


def test_the_plain_model_has_the_form_s_columns_and_plain_aggregates(few: TrainingSet) -> None:
    plain = baseline_dataset(few).features
    assert {"income", "external_score_1", "education", "other_credit_sum_ever"} <= plain.keys()
    assert "external_score_mean" not in plain  # a ratio or a mixture of columns
    told = {name for name in plain if len(CATALOGUE[name].sources) == 1 and name in FORM_NAMES}
    assert told == set(FORM_NAMES)
    assert all(
        name.endswith(("_count_ever", "_mean_ever", "_max_ever", "_sum_ever"))
        for name in plain.keys() - set(FORM_NAMES)
    )


def test_the_plain_model_is_held_against_the_served_one_client_by_client(
    comparison: Comparison,
) -> None:
    served, plain, *_ = comparison.rows
    over = plain.over_served
    assert over.value == pytest.approx(plain.auc.value - served.auc.value)
    assert over.interval.low < over.value < over.interval.high


def test_the_dummy_knows_nothing_and_the_scorecard_something(comparison: Comparison) -> None:
    auc = {row.model: row.auc for row in comparison.rows if row.balance == "plain"}
    assert auc["dummy"].interval.low <= 0.5 <= auc["dummy"].interval.high
    assert auc[QUICKEST[1].name].interval.low > 0.5


def test_weights_and_made_up_clients_ruin_probabilities_and_calibration_mends_them(
    comparison: Comparison,
) -> None:
    ruined = [
        row for row in comparison.rows
        if "scaled" in row.model and row.balance == ImbalanceStrategy.WEIGHTS.value
    ]  # fmt: skip
    assert ruined
    for row in ruined:
        assert row.before["mean_risk"] > 1.5 * row.before["difficulty_rate"]
        assert abs(row.after["calibration_in_the_large"]) < 0.1
        assert row.after["brier"] < row.before["brier"]


def test_the_served_model_is_no_better_than_itself(comparison: Comparison) -> None:
    assert comparison.rows[0].over_served.value == 0


def test_progress_is_told_step_by_step(comparison: Comparison, steps: list[int]) -> None:
    assert comparison.folds == FOLDS
    assert sum(steps) == count_comparison_steps(FOLDS, QUICKEST)


def test_clients_are_made_up_of_learners_alone(
    few: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is given are the learners, what is fitted as many of both kinds, who is asked stays."""
    given: list[tuple[np.ndarray, np.ndarray]] = []
    made: list[tuple[np.ndarray, np.ndarray]] = []
    resample = SMOTE.fit_resample

    def watched(self: SMOTE, cells: np.ndarray, labels: np.ndarray) -> Any:
        given.append((cells, labels))
        made.append(resample(self, cells, labels))
        return made[-1]

    monkeypatch.setattr(SMOTE, "fit_resample", watched)
    learn, rows = np.arange(0, CLIENTS, 2), np.arange(1, CLIENTS, 2)
    bout = FoldExperiment(
        features=few.features, matrix=few.encode(few.fit_categories(learn)), labels=few.labels,
        train_idx=learn, valid_idx=rows, seed=SEED,
    )  # fmt: skip
    scaled = next(c for c in CHALLENGERS if "scaled" in c.name)
    way = CandidateConfig(
        challenger=scaled, tuned=False, imbalance_strategy=ImbalanceStrategy.SMOTE, parameters={}
    )
    answered = bout.fit_and_predict(way)
    [(cells, labels)], [(more, balanced)] = given, made
    complete = imputer(few.features).fit_transform(bout.matrix[learn].astype(np.float64))
    assert cells == pytest.approx(StandardScaler().fit_transform(complete))
    assert labels.tolist() == few.labels[learn].tolist()
    assert more[: len(learn)] == pytest.approx(cells)
    assert len(more) > len(learn)
    assert balanced.sum() * 2 == len(balanced)
    assert len(answered.risks) == len(rows)


@pytest.mark.parametrize("challenger", CHALLENGERS, ids=lambda challenger: challenger.name)
def test_every_challenger_takes_unknown_cells_and_new_categories(
    challenger: object, few: TrainingSet
) -> None:
    [one] = [c for c in CHALLENGERS if c is challenger]
    matrix = few.encode(few.fit_categories(np.arange(CLIENTS))).astype(np.float64)
    parameters = {"n_estimators": 5} if "n_estimators" in one.build_model(0).get_params() else {}
    for balance in (ImbalanceStrategy.PLAIN, ImbalanceStrategy.WEIGHTS):
        pipeline = one.build_pipeline(
            few.features, few.labels, strategy=balance, parameters=parameters, seed=SEED
        ).fit(matrix, few.labels)
        told = pipeline.predict_proba(np.full((2, matrix.shape[1]), np.nan))[:, 1]
        assert ((told >= 0) & (told <= 1)).all()
        assert told[0] == told[1]
        assert pipeline[MODEL_STEP].classes_.tolist() == [0, 1]


def test_medians_are_those_of_the_learners(few: TrainingSet) -> None:
    matrix = few.encode(few.fit_categories(np.arange(CLIENTS))).astype(np.float64)
    place = list(few.features).index("income")
    learn = matrix[:300]
    whole = imputer(few.features).fit(learn)
    numbers = [name for name, feature in few.features.items() if not feature.is_categorical]
    gap = matrix[[0]].copy()
    gap[0, place] = np.nan
    filled = whole.transform(gap)[0, numbers.index("income")]
    assert filled == pytest.approx(np.nanmedian(learn[:, place]))


def test_a_model_that_is_none_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(UnknownChallenger, match="random forest"):
        select_challengers(["forrest"])


def test_the_comparison_is_kept_with_a_run_a_model(
    comparison: Comparison, kept: Path, home: Settings
) -> None:
    told = json.loads((kept / "comparison.json").read_text())
    assert [row["model"] for row in told["rows"]] == [row.model for row in comparison.rows]
    assert told["rows"][0]["auc"]["value"] == comparison.rows[0].auc.value
    client = mlflow.MlflowClient(home.mlflow_uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    failed, parent = sorted(
        (run for run in runs if run.info.run_name == "comparison"),
        key=lambda run: run.info.start_time,
    )
    assert (failed.info.status, parent.info.status) == ("FAILED", "FINISHED")
    nested = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(nested) == len(comparison.rows)
    assert all({"auc", "before.brier", "latency_ms"} <= run.data.metrics.keys() for run in nested)
    names = {artefact.path for artefact in client.list_artifacts(parent.info.run_id)}
    assert names == {"comparison.json", "comparison.svg", "comparison.html"}
    assert names == {path.name for path in kept.iterdir()}


def test_the_fragment_holds_every_model_beside_its_picture(
    comparison: Comparison, kept: Path
) -> None:
    page = (kept / "comparison.html").read_text()
    assert page.count("<tr>") == len(comparison.rows) + 1
    assert "<svg" in page
    assert "<script" not in page


def test_the_fragment_says_of_which_data_and_when_and_what_is_uneven(kept: Path) -> None:
    page = (kept / "comparison.html").read_text()
    assert "Data made up, 2026-11-24, code test." in page
    assert "The comparison is uneven." in page
    assert "700 clients, drawn at random from 9,000" in page


def test_a_study_that_fails_keeps_what_the_last_one_left(kept: Path, home: Settings) -> None:
    before = (kept / "comparison.json").read_bytes()
    fail(home)
    assert (kept / "comparison.json").read_bytes() == before
