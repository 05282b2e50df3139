from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import mlflow
import numpy as np
import optuna
import pytest
import yaml
from optuna.trial import TrialState

from credit.policy import Policy
from stores.settings import Settings
from tests.support.small_model import SEED
from training.data.dataset import TrainingSet, stratified_sample
from training.experiments import tuning
from training.experiments.results import save_tuning, start_experiment_run
from training.experiments.tuning import (
    CONFIRMATION_FITS,
    DEFAULT_TRIAL_KEY,
    TuningResult,
    evaluate_best_trial,
    open_study,
    search_parameters,
)
from training.model.cross_validation import FOLD_COUNT
from training.model.hyperparameters import read_parameters, resolve_parameters
from training.model.search_space import CREDIT_MODEL_SPACE, suggest_parameters
from training.model.trainer import DEFAULT_PARAMETERS

QUICK: dict[str, Any] = {"MAX_TREES": 40, "EARLY_STOPPING_ROUNDS": 10, "PRUNER_STARTUP_TRIALS": 1}
ABOUT = {"fingerprint": "made up", "clients": 600, "code": "test"}


@pytest.fixture(scope="module")
def few(learnable: TrainingSet) -> TrainingSet:
    return learnable.take(stratified_sample(learnable, 600, seed=SEED))


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    tracked = mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUICK.items():
            patch.setattr(tuning, name, value)
        yield Settings(home=tmp_path_factory.mktemp("tuning"))
    mlflow.set_tracking_uri(tracked)


def opened(where: Settings, few: TrainingSet, fingerprint: str = "made up") -> optuna.Study:
    return open_study(where.home / "tuning" / "study.sqlite", few, fingerprint, seed=SEED)


@pytest.fixture(scope="module")
def kept(
    where: Settings, few: TrainingSet, policy: Policy
) -> tuple[optuna.Study, TuningResult, Path]:
    """A search of five trials, in two goes."""
    with start_experiment_run(where, "tuning", ABOUT) as folder:
        for trials in (2, 5):
            study = opened(where, few)
            told: list[int] = []
            search_parameters(
                study, few, seed=SEED, trials=trials, seconds=600, progress=told.append
            )
            assert sum(told) == trials
        best = evaluate_best_trial(study, few, policy, seed=SEED, progress=told.append)
        assert sum(told) == trials + CONFIRMATION_FITS
        path = save_tuning(study, best, ABOUT, folder, where.home / "tuning")
    return study, best, path


def test_the_defaults_are_tried_first(kept: tuple[optuna.Study, TuningResult, Path]) -> None:
    study, best, _ = kept
    default = {name: DEFAULT_PARAMETERS[name] for name in CREDIT_MODEL_SPACE}
    assert study.trials[0].params == pytest.approx(default)
    assert study.trials[0].value == best.default_auc <= best.auc


def test_a_search_is_taken_up_where_it_was_left(
    kept: tuple[optuna.Study, TuningResult, Path],
) -> None:
    study, best, _ = kept
    assert len(study.trials) == 5 == best.complete + best.pruned


def test_two_goes_never_try_the_same_parameters(
    kept: tuple[optuna.Study, TuningResult, Path],
) -> None:
    tried = [tuple(sorted(trial.params.items())) for trial in kept[0].trials]
    assert len(set(tried)) == len(tried)


def test_defaults_that_were_killed_under_way_are_tried_again(
    where: Settings,
    few: TrainingSet,
    kept: tuple[optuna.Study, TuningResult, Path],
    policy: Policy,
) -> None:
    del kept
    killed = opened(where, few, "killed")
    killed.ask()
    study = opened(where, few, "killed")
    with start_experiment_run(where, "tuning", ABOUT):
        search_parameters(study, few, seed=SEED, trials=1, seconds=600, progress=lambda _: None)
    running, again = study.trials
    assert (running.state, again.state) == (TrialState.RUNNING, TrialState.COMPLETE)
    assert again.params == {name: DEFAULT_PARAMETERS[name] for name in CREDIT_MODEL_SPACE}
    assert (
        evaluate_best_trial(study, few, policy, seed=SEED, progress=lambda _: None).default_auc
        == again.value
    )
    opened(where, few, "killed")
    assert len(study.trials) == 2


def test_a_search_begins_with_the_parameters_that_are_given(
    where: Settings,
    few: TrainingSet,
    kept: tuple[optuna.Study, TuningResult, Path],
    policy: Policy,
) -> None:
    del kept
    base = {**DEFAULT_PARAMETERS, "learning_rate": 0.3, "max_bin": 15, "monotone": False}
    path = where.home / "tuning" / "study.sqlite"
    study = open_study(path, few, "made up", seed=SEED, base_parameters=base)
    with start_experiment_run(where, "tuning", ABOUT):
        search_parameters(
            study,
            few,
            seed=SEED,
            trials=1,
            seconds=600,
            progress=lambda _: None,
            base_parameters=base,
        )
    assert study.trials[0].params["learning_rate"] == 0.3
    found = evaluate_best_trial(
        study, few, policy, seed=SEED, progress=lambda _: None, base_parameters=base
    ).parameters
    assert {**DEFAULT_PARAMETERS, **found} == base


def test_folds_are_held_as_bins_alone(few: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """At full size the matrices of five folds do not fit beside one another."""
    held: list[tuple[lgb.Dataset, lgb.Dataset]] = []

    def look(
        _: optuna.Trial, prepared: list[tuple[lgb.Dataset, lgb.Dataset]], *__: object
    ) -> float:
        held.extend(prepared)
        return 0.5

    monkeypatch.setattr(tuning, "_evaluate_trial", look)
    monkeypatch.setattr(tuning, "_log_trial", lambda _: None)
    search_parameters(
        optuna.create_study(), few, seed=SEED, trials=1, seconds=9, progress=lambda _: None
    )
    assert len(held) == FOLD_COUNT
    assert all(data.data is None for pair in held for data in pair)


def test_other_data_are_another_study(
    kept: tuple[optuna.Study, TuningResult, Path], where: Settings, few: TrainingSet
) -> None:
    del kept
    assert len(opened(where, few).get_trials(states=[optuna.trial.TrialState.COMPLETE])) > 0
    other = opened(where, few, "others")
    assert not other.get_trials(states=[optuna.trial.TrialState.COMPLETE])


def test_other_formulas_or_clients_are_another_study(where: Settings, few: TrainingSet) -> None:
    rewritten = few.matrix.copy()
    rewritten[:, 0] *= 2
    others = (replace(few, matrix=rewritten), few.take(np.arange(1, len(few))))
    names = {opened(where, one).study_name for one in (few, *others)}
    assert len(names) == 3


def test_every_trial_stays_in_the_space(kept: tuple[optuna.Study, TuningResult, Path]) -> None:
    for trial in kept[0].trials:
        assert trial.params.keys() == CREDIT_MODEL_SPACE.keys()
        assert all(
            CREDIT_MODEL_SPACE[name].contains(value) for name, value in trial.params.items()
        )


def test_without_time_the_defaults_are_tried_all_the_same(
    where: Settings, few: TrainingSet, kept: tuple[optuna.Study, TuningResult, Path]
) -> None:
    del kept
    study = opened(where, few, "in no time")
    with start_experiment_run(where, "tuning", ABOUT):
        search_parameters(study, few, seed=SEED, trials=50, seconds=0, progress=lambda _: None)
    assert study.best_trial.number == 0


def test_what_was_found_is_a_file_that_a_training_takes(
    kept: tuple[optuna.Study, TuningResult, Path],
) -> None:
    _, best, path = kept
    assert read_parameters(path) == {**DEFAULT_PARAMETERS, **best.parameters}


def test_a_gain_that_may_be_chance_is_written_and_said(
    kept: tuple[optuna.Study, TuningResult, Path],
) -> None:
    _, best, path = kept
    said: list[str] = []
    told = resolve_parameters(path, said.append)
    written = yaml.safe_load(path.read_text())["found"]["gain_above_zero"]
    assert written is best.gain_above_zero is (best.gain.interval.low > 0)
    assert bool(said) is not best.gain_above_zero
    assert told == read_parameters(path)


def test_luck_on_the_folds_that_were_searched_is_no_gain(few: TrainingSet, policy: Policy) -> None:
    study = optuna.create_study(direction="maximize")
    default = {name: DEFAULT_PARAMETERS[name] for name in CREDIT_MODEL_SPACE}
    study.enqueue_trial(default, user_attrs={DEFAULT_TRIAL_KEY: True})
    study.optimize(lucky, n_trials=2)
    best = evaluate_best_trial(study, few, policy, seed=SEED, progress=lambda _: None)
    assert best.auc - best.default_auc == pytest.approx(0.5)
    assert best.gain.interval.low <= best.gain.value <= best.gain.interval.high < 0.3


def lucky(trial: optuna.Trial) -> float:
    """Half an AUC more for the second trial, whatever its parameters."""
    suggest_parameters(CREDIT_MODEL_SPACE, trial)
    return 0.5 + 0.5 * trial.number


def test_trials_are_nested_runs_and_pictures_are_kept(
    kept: tuple[optuna.Study, TuningResult, Path], where: Settings
) -> None:
    client = mlflow.MlflowClient(where.mlflow_uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    parents = [r for r in runs if r.info.run_name == "tuning" and "gain" in r.data.metrics]
    assert len(parents) == 1
    nested = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parents[0].info.run_id]
    assert len(nested) == len(kept[0].trials)
    names = {artefact.path for artefact in client.list_artifacts(parents[0].info.run_id)}
    assert {"parameters.yaml", "tuning_history.png"} <= names
