"""Search the served model's hyperparameters with Optuna: resumable, pruned, limited in time.

space ──► trial ──► fold by fold, weak trials pruned ──► best ──► same clients, new folds ──► gain
study.sqlite stores every trial                           └─► parameters.yaml
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import mlflow
import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from credit.policy import Policy
from stores.progress import ProgressCallback
from training.data.dataset import TrainingSet
from training.data.fingerprints import fingerprint_features
from training.evaluation.paired_bootstrap import (
    BootstrapMetrics,
    Difference,
    cross_validate_paired,
)
from training.model.cross_validation import FOLD_COUNT, Fold, best_iteration, iter_folds
from training.model.early_stopping import VALIDATION_LOSS, train_with_early_stopping
from training.model.hyperparameters import DEFAULT_PARAMETERS
from training.model.out_of_fold import MAX_TREES, build_booster_params
from training.model.search_space import CREDIT_MODEL_SPACE, suggest_parameters, widen_space

EARLY_STOPPING_ROUNDS = 80
"""Fewer than in training."""
PRUNER_STARTUP_TRIALS = 8

DEFAULT_TRIAL_KEY = "default"
"""User attribute of the trial with the initial parameters, which is never pruned."""

CONFIRMATION_FITS = 2 * FOLD_COUNT
"""Fits that compare the best parameters with the initial ones."""

BinnedFold = tuple[lgb.Dataset, lgb.Dataset]
"""Training and validation data of a fold."""


@dataclass(frozen=True, kw_only=True)
class TuningResult:
    """The result of a search, evaluated on new folds of the same clients."""

    parameters: Mapping[str, Any]
    """Every parameter that differs from its default, searched or not."""
    auc: float
    """Mean AUC over the folds of the best trial."""
    default_auc: float
    """Mean AUC of the initial parameters on the same folds; NaN if their trial did not finish."""
    gain: Difference
    """Out-of-fold AUC minus that of the initial parameters, on new folds of the same clients.

    The parameters were selected on these clients, so the gain on other clients may be smaller.
    """
    complete: int
    """Number of complete trials."""
    pruned: int
    """Number of pruned trials."""

    @property
    def gain_above_zero(self) -> bool:
        """Return true if the gain's interval is above 0: a necessary condition, not a proof."""
        return self.gain.interval.low > 0


def open_study(
    path: Path,
    training_set: TrainingSet,
    fingerprint: str,
    *,
    seed: int,
    base_parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
) -> optuna.Study:
    """Load the study of these clients, features, space and initial parameters, or create it.

    Args:
        path: SQLite file of the studies.
        fingerprint: Fingerprint of the data files.
        base_parameters: Initial parameters; those outside the search space stay fixed.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    space = dict(widen_space(CREDIT_MODEL_SPACE, base_parameters))
    key_parts = (fingerprint, len(training_set), seed, fingerprint_features(training_set), space)
    study_key = repr((*key_parts, FOLD_COUNT, sorted(base_parameters.items())))
    study = optuna.create_study(
        storage=f"sqlite:///{path.absolute()}",
        study_name=hashlib.sha256(study_key.encode()).hexdigest()[:16],
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=PRUNER_STARTUP_TRIALS),
    )
    # A resumed search needs another seed: with the same seed the sampler would repeat its trials.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    if _find_default_trial(study, TrialState.COMPLETE, TrialState.WAITING) is None:
        study.enqueue_trial(
            _select_searched_parameters(base_parameters), user_attrs={DEFAULT_TRIAL_KEY: True}
        )
    return study


def search_parameters(
    study: optuna.Study,
    training_set: TrainingSet,
    *,
    seed: int,
    trials: int,
    seconds: float,
    progress: ProgressCallback,
    base_parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
) -> None:
    """Run trials until the study has `trials` finished ones or the time limit is reached.

    A running trial is finished. Every finished trial is a nested run of the active MLflow run.

    Args:
        trials: Total number of trials, including those of earlier searches.
        seconds: Time limit; the trial of the initial parameters runs without one.
        progress: Called with the number of finished trials.
    """
    binned_folds = [
        _construct_bins(fold)
        for fold in iter_folds(
            training_set, seed=seed, binning=_build_binning_parameters(base_parameters, seed)
        )
    ]

    def log_finished_trial(study: optuna.Study, trial: FrozenTrial) -> None:
        del study
        _log_trial(trial)
        progress(1)

    progress(min(_count_finished_trials(study), trials))
    # The initial parameters are tried regardless of the time limit.
    default_trials = int(_find_default_trial(study, TrialState.COMPLETE) is None)
    for n_trials, timeout in (
        (default_trials, None),
        (trials - _count_finished_trials(study) - default_trials, seconds),
    ):
        if n_trials > 0:
            study.optimize(
                lambda trial: _evaluate_trial(
                    trial, binned_folds, training_set, base_parameters, seed
                ),
                n_trials=n_trials,
                timeout=timeout,
                callbacks=[log_finished_trial],
            )


def evaluate_best_trial(
    study: optuna.Study,
    training_set: TrainingSet,
    policy: Policy,
    *,
    seed: int,
    progress: ProgressCallback,
    base_parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
) -> TuningResult:
    """Compare the best trial with the initial parameters on new folds of the same clients.

    This detects a trial that is better only on the folds of the search, but not parameters that
    suit only these clients.

    Args:
        progress: Called with the number of finished fits, `CONFIRMATION_FITS` in total.
    """
    best_parameters = {**base_parameters, **study.best_params}

    def measure(parameters: Mapping[str, Any]) -> BootstrapMetrics:
        _, calibrated = cross_validate_paired(
            training_set, parameters, policy, seed=seed + 1, progress=progress
        )
        return calibrated

    tuned_metrics, base_metrics = measure(best_parameters), measure(base_parameters)
    states = [trial.state for trial in study.trials]
    default_trial = _find_default_trial(study, TrialState.COMPLETE)
    changed_parameters = {
        name: base_parameters[name]
        for name in base_parameters
        if base_parameters[name] != DEFAULT_PARAMETERS.get(name)
    }
    default_auc = None if default_trial is None else default_trial.value
    return TuningResult(
        parameters={**changed_parameters, **study.best_params},
        auc=study.best_value,
        default_auc=np.nan if default_auc is None else default_auc,
        gain=tuned_metrics.difference_from(base_metrics, "auc"),
        complete=states.count(TrialState.COMPLETE),
        pruned=states.count(TrialState.PRUNED),
    )


def _select_searched_parameters(base_parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: base_parameters[name] for name in CREDIT_MODEL_SPACE}


def _find_default_trial(study: optuna.Study, *states: TrialState) -> FrozenTrial | None:
    """Return the trial of the initial parameters, if it is in one of these states.

    If its process was killed, a trial stays RUNNING forever and has no result.
    """
    return next(
        (t for t in study.trials if t.state in states and DEFAULT_TRIAL_KEY in t.user_attrs), None
    )


def _count_finished_trials(study: optuna.Study) -> int:
    return sum(trial.state.is_finished() for trial in study.trials)


def _build_binning_parameters(base_parameters: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return LightGBM parameters for bins that all trials share."""
    return {
        "max_bin": base_parameters["max_bin"],
        "seed": seed,
        "feature_pre_filter": False,
        "verbosity": -1,
    }


def _construct_bins(fold: Fold) -> BinnedFold:
    """Build the bins of a fold, so that its raw matrices can be freed."""
    train_data = fold.train_data.construct()
    # `lgb.train` does the same: the validation data use the names and bins of the training data.
    fold.valid_data.params = train_data.params
    return train_data, fold.valid_data.set_reference(train_data).construct()


def _evaluate_trial(
    trial: optuna.Trial,
    binned_folds: Sequence[BinnedFold],
    training_set: TrainingSet,
    base_parameters: Mapping[str, Any],
    seed: int,
) -> float:
    """Return the mean AUC of the folds at their common number of trees.

    The pruner gets the value after each fold.
    """
    trial_parameters = suggest_parameters(widen_space(CREDIT_MODEL_SPACE, base_parameters), trial)
    booster_params = build_booster_params(
        {**base_parameters, **trial_parameters}, training_set, seed
    )
    losses: list[list[float]] = []
    aucs: list[list[float]] = []
    value = 0.0
    for fold_index, fold in enumerate(binned_folds):
        _, metric_history = train_with_early_stopping(
            *fold,
            # The shared bins were built for every trial, so none may drop a feature.
            {**booster_params, "feature_pre_filter": False},
            max_trees=MAX_TREES,
            rounds=EARLY_STOPPING_ROUNDS,
            further_metrics=("auc",),
        )
        losses.append(metric_history[VALIDATION_LOSS])
        aucs.append(metric_history["auc"])
        last_tree = best_iteration(losses) - 1
        value = float(np.mean([auc[min(last_tree, len(auc) - 1)] for auc in aucs]))
        trial.report(value, fold_index)
        if (
            fold_index + 1 < FOLD_COUNT
            and DEFAULT_TRIAL_KEY not in trial.user_attrs
            and trial.should_prune()
        ):
            raise optuna.TrialPruned
    trial.set_user_attr("trees", best_iteration(losses))
    return value


def _log_trial(trial: FrozenTrial) -> None:
    with mlflow.start_run(run_name=f"trial {trial.number}", nested=True):
        mlflow.log_params(trial.params | trial.user_attrs)
        mlflow.set_tag("state", trial.state.name.lower())
        for step, value in trial.intermediate_values.items():
            mlflow.log_metric("auc", value, step=step)
