from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from training.data.dataset import TrainingSet
from training.data.preparation import stratified_sample
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
from training.model.hyperparameters import DEFAULT_PARAMETERS, read_parameters, resolve_parameters
from training.model.search_space import CREDIT_MODEL_SPACE, suggest_parameters

QUICK: dict[str, Any] = {"MAX_TREES": 40, "EARLY_STOPPING_ROUNDS": 10, "PRUNER_STARTUP_TRIALS": 1}
METADATA = {"fingerprint": "made up", "clients": 600, "code": "test"}


@pytest.fixture(scope="module")
def sample_set(learnable: TrainingSet) -> TrainingSet:
    return learnable.take(stratified_sample(learnable, 600, seed=SEED))


@pytest.fixture(scope="module")
def home_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    tracked = mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUICK.items():
            patch.setattr(tuning, name, value)
        yield Settings(home=tmp_path_factory.mktemp("tuning"))
    mlflow.set_tracking_uri(tracked)


def opened(
    home_settings: Settings, sample_set: TrainingSet, fingerprint: str = "made up"
) -> optuna.Study:
    return open_study(
        home_settings.home / "tuning" / "study.sqlite", sample_set, fingerprint, seed=SEED
    )


@pytest.fixture(scope="module")
def stored(
    home_settings: Settings, sample_set: TrainingSet, policy: Policy
) -> tuple[optuna.Study, TuningResult, Path]:
    """A search of five trials, in two goes."""
    with start_experiment_run(home_settings, "tuning", METADATA) as folder:
        for trials in (2, 5):
            study = opened(home_settings, sample_set)
            summary: list[int] = []
            search_parameters(
                study, sample_set, seed=SEED, trials=trials, seconds=600, progress=summary.append
            )
            assert sum(summary) == trials
        best = evaluate_best_trial(study, sample_set, policy, seed=SEED, progress=summary.append)
        assert sum(summary) == trials + CONFIRMATION_FITS
        path = save_tuning(study, best, METADATA, folder, home_settings.home / "tuning")
    return study, best, path


def test_the_defaults_are_tried_first(stored: tuple[optuna.Study, TuningResult, Path]) -> None:
    study, best, _ = stored
    default = {name: DEFAULT_PARAMETERS[name] for name in CREDIT_MODEL_SPACE}
    assert study.trials[0].params == pytest.approx(default)
    assert study.trials[0].value == best.default_auc <= best.auc


def test_a_search_resumes_where_it_stopped(
    stored: tuple[optuna.Study, TuningResult, Path],
) -> None:
    study, best, _ = stored
    assert len(study.trials) == 5 == best.complete + best.pruned


def test_two_searches_never_try_the_same_parameters(
    stored: tuple[optuna.Study, TuningResult, Path],
) -> None:
    tried = [tuple(sorted(trial.params.items())) for trial in stored[0].trials]
    assert len(set(tried)) == len(tried)


def test_defaults_of_a_killed_search_are_tried_again(
    home_settings: Settings,
    sample_set: TrainingSet,
    stored: tuple[optuna.Study, TuningResult, Path],
    policy: Policy,
) -> None:
    del stored
    killed = opened(home_settings, sample_set, "killed")
    killed.ask()
    study = opened(home_settings, sample_set, "killed")
    with start_experiment_run(home_settings, "tuning", METADATA):
        search_parameters(
            study, sample_set, seed=SEED, trials=1, seconds=600, progress=lambda _: None
        )
    running, again = study.trials
    assert (running.state, again.state) == (TrialState.RUNNING, TrialState.COMPLETE)
    assert again.params == {name: DEFAULT_PARAMETERS[name] for name in CREDIT_MODEL_SPACE}
    assert (
        evaluate_best_trial(
            study, sample_set, policy, seed=SEED, progress=lambda _: None
        ).default_auc
        == again.value
    )
    opened(home_settings, sample_set, "killed")
    assert len(study.trials) == 2


def run_one_trial(
    settings: Settings, study: optuna.Study, clients: TrainingSet, base: Mapping[str, Any]
) -> None:
    """Run the trial of the base parameters."""
    with start_experiment_run(settings, "tuning", METADATA):
        search_parameters(
            study,
            clients,
            seed=SEED,
            trials=1,
            seconds=600,
            progress=lambda _: None,
            base_parameters=base,
        )


def test_a_search_begins_with_the_parameters_that_are_given(
    home_settings: Settings,
    sample_set: TrainingSet,
    stored: tuple[optuna.Study, TuningResult, Path],
    policy: Policy,
) -> None:
    del stored
    base = {**DEFAULT_PARAMETERS, "learning_rate": 0.3, "max_bin": 15, "monotone": False}
    path = home_settings.home / "tuning" / "study.sqlite"
    study = open_study(path, sample_set, "made up", seed=SEED, base_parameters=base)
    run_one_trial(home_settings, study, sample_set, base)
    assert study.trials[0].params["learning_rate"] == 0.3
    best_result = evaluate_best_trial(
        study, sample_set, policy, seed=SEED, progress=lambda _: None, base_parameters=base
    ).parameters
    assert {**DEFAULT_PARAMETERS, **best_result} == base


def test_a_trial_with_a_class_weight_does_not_stop_at_once(
    home_settings: Settings, sample_set: TrainingSet
) -> None:
    base = {**DEFAULT_PARAMETERS, "scale_pos_weight": 10.0}
    path = home_settings.home / "tuning" / "study.sqlite"
    study = open_study(path, sample_set, "weighted", seed=SEED, base_parameters=base)
    run_one_trial(home_settings, study, sample_set, base)
    assert study.trials[0].user_attrs["trees"] == QUICK["MAX_TREES"]


def test_folds_are_kept_in_memory_as_bins_only(
    sample_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At full size the matrices of five folds do not fit into memory together."""
    held: list[tuple[lgb.Dataset, lgb.Dataset]] = []

    def look(
        _: optuna.Trial, prepared: list[tuple[lgb.Dataset, lgb.Dataset]], *__: object
    ) -> float:
        held.extend(prepared)
        return 0.5

    monkeypatch.setattr(tuning, "_evaluate_trial", look)
    monkeypatch.setattr(tuning, "_log_trial", lambda _: None)
    search_parameters(
        optuna.create_study(), sample_set, seed=SEED, trials=1, seconds=9, progress=lambda _: None
    )
    assert len(held) == FOLD_COUNT
    assert all(data.data is None for pair in held for data in pair)


def test_other_data_start_another_study(
    stored: tuple[optuna.Study, TuningResult, Path],
    home_settings: Settings,
    sample_set: TrainingSet,
) -> None:
    del stored
    assert (
        len(
            opened(home_settings, sample_set).get_trials(states=[optuna.trial.TrialState.COMPLETE])
        )
        > 0
    )
    other = opened(home_settings, sample_set, "others")
    assert not other.get_trials(states=[optuna.trial.TrialState.COMPLETE])


def test_other_features_or_clients_start_another_study(
    home_settings: Settings, sample_set: TrainingSet
) -> None:
    rewritten = sample_set.matrix.copy()
    rewritten[:, 0] *= 2
    remaining = (
        replace(sample_set, matrix=rewritten),
        sample_set.take(np.arange(1, len(sample_set))),
    )
    names = {opened(home_settings, item).study_name for item in (sample_set, *remaining)}
    assert len(names) == 3


def test_every_trial_stays_in_the_space(stored: tuple[optuna.Study, TuningResult, Path]) -> None:
    for trial in stored[0].trials:
        assert trial.params.keys() == CREDIT_MODEL_SPACE.keys()
        assert all(
            CREDIT_MODEL_SPACE[name].contains(value) for name, value in trial.params.items()
        )


def test_without_time_the_defaults_are_still_tried(
    home_settings: Settings,
    sample_set: TrainingSet,
    stored: tuple[optuna.Study, TuningResult, Path],
) -> None:
    del stored
    study = opened(home_settings, sample_set, "in no time")
    with start_experiment_run(home_settings, "tuning", METADATA):
        search_parameters(
            study, sample_set, seed=SEED, trials=50, seconds=0, progress=lambda _: None
        )
    assert study.best_trial.number == 0


def test_the_best_parameters_are_a_file_that_a_training_reads(
    stored: tuple[optuna.Study, TuningResult, Path],
) -> None:
    _, best, path = stored
    assert read_parameters(path) == {**DEFAULT_PARAMETERS, **best.parameters}


def test_a_gain_within_chance_is_written_and_reported(
    stored: tuple[optuna.Study, TuningResult, Path],
) -> None:
    _, best, path = stored
    text: list[str] = []
    summary = resolve_parameters(path, text.append)
    written = yaml.safe_load(path.read_text())["found"]["gain_above_zero"]
    assert written is best.gain_above_zero is (best.gain.interval.low > 0)
    assert bool(text) is not best.gain_above_zero
    assert summary == read_parameters(path)


def test_an_optimistic_gain_on_the_searched_folds_is_not_a_gain(
    sample_set: TrainingSet, policy: Policy
) -> None:
    study = optuna.create_study(direction="maximize")
    default = {name: DEFAULT_PARAMETERS[name] for name in CREDIT_MODEL_SPACE}
    study.enqueue_trial(default, user_attrs={DEFAULT_TRIAL_KEY: True})
    study.optimize(lucky, n_trials=2)
    best = evaluate_best_trial(study, sample_set, policy, seed=SEED, progress=lambda _: None)
    assert best.auc - best.default_auc == pytest.approx(0.5)
    assert best.gain.interval.low <= best.gain.value <= best.gain.interval.high < 0.3


def lucky(trial: optuna.Trial) -> float:
    """Half an AUC more for the second trial, whatever its parameters."""
    suggest_parameters(CREDIT_MODEL_SPACE, trial)
    return 0.5 + 0.5 * trial.number


def test_trials_are_nested_runs_and_plots_are_stored(
    stored: tuple[optuna.Study, TuningResult, Path], home_settings: Settings
) -> None:
    client = mlflow.MlflowClient(home_settings.mlflow_uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    parents = [r for r in runs if r.info.run_name == "tuning" and "gain" in r.data.metrics]
    assert len(parents) == 1
    nested = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parents[0].info.run_id]
    assert len(nested) == len(stored[0].trials)
    names = {artefact.path for artefact in client.list_artifacts(parents[0].info.run_id)}
    assert {"parameters.yaml", "tuning_history.png"} <= names
