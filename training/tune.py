"""A search for the served model's parameters: resumable, pruned, within a budget of time.

space ──► trial ──► fold by fold, the hopeless pruned ──► best ──► fresh folds: is the gain real?
study.sqlite keeps every trial                                     └─► parameters.yaml
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

from credit.policy import Policy
from stores.console import Advance
from training.fit import (
    FOLDS,
    MOST_TREES,
    PARAMETERS,
    Fold,
    best_trees,
    booster_settings,
    folds,
)
from training.paired import Gain, measured
from training.prepare import Material
from training.spaces import CREDIT_MODEL, suggested

PATIENCE = 80
"""Trees without a better log loss before a fold of a trial stops; fewer than a fit's."""

STARTUP = 8
"""Trials before the first may be pruned."""

METRICS = ("binary_logloss", "auc")


@dataclass(frozen=True, kw_only=True)
class Best:
    """What a search found, judged on folds it had not seen."""

    parameters: Mapping[str, Any]
    auc: float
    """Of the best trial, mean of its folds."""
    default_auc: float
    """Of the default parameters on the same folds."""
    gain: Gain
    """In out-of-fold AUC over the defaults, on fresh folds."""
    complete: int
    pruned: int


def open_study(path: Path, material: Material, fingerprint: str, *, seed: int) -> optuna.Study:
    """The study of these clients, features and space, where it was left; new if there is none."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    subject = (fingerprint, len(material), seed, sorted(material.features), dict(CREDIT_MODEL))
    digest = hashlib.sha256(repr(subject).encode()).hexdigest()[:16]
    study = optuna.create_study(
        storage=f"sqlite:///{path.absolute()}",
        study_name=digest,
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, multivariate=False),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
    )
    default = {name: PARAMETERS[name] for name in CREDIT_MODEL if name in PARAMETERS}
    study.enqueue_trial(default, skip_if_exists=True)
    return study


def search(
    study: optuna.Study,
    material: Material,
    *,
    seed: int,
    trials: int,
    seconds: float,
    progress: Advance,
) -> None:
    """Try parameters until the study has as many trials, or the time is over.

    A trial under way is finished. Every finished trial is a nested run of the active MLflow run.
    """
    binning = {"max_bin": PARAMETERS["max_bin"], "feature_pre_filter": False, "verbosity": -1}
    prepared = list(folds(material, seed=seed, binning=binning))

    def done(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        del study
        _log(trial)
        progress(1)

    finished = sum(trial.state.is_finished() for trial in study.trials)
    progress(min(finished, trials))
    # The first, the defaults, is tried whatever the time.
    for least, limit in ((1, None), (trials, seconds)):
        wanted = least - sum(trial.state.is_finished() for trial in study.trials)
        if wanted > 0:
            study.optimize(
                lambda trial: _value(trial, prepared, material, seed),
                n_trials=wanted,
                timeout=limit,
                callbacks=[done],
            )


def judged(study: optuna.Study, material: Material, policy: Policy, *, seed: int) -> Best:
    """The best trial against the defaults, on folds that were not searched."""
    ours, before = (
        measured(material, parameters, policy, seed=seed + 1)[1]
        for parameters in ({**PARAMETERS, **study.best_params}, PARAMETERS)
    )
    states = [trial.state for trial in study.trials]
    return Best(
        parameters=study.best_params,
        auc=study.best_value,
        default_auc=float(study.trials[0].value or np.nan),
        gain=ours.over(before, "auc"),
        complete=states.count(optuna.trial.TrialState.COMPLETE),
        pruned=states.count(optuna.trial.TrialState.PRUNED),
    )


def _value(trial: optuna.Trial, prepared: Sequence[Fold], material: Material, seed: int) -> float:
    """Mean AUC of the folds at their common number of trees; told fold by fold to the pruner."""
    chosen = suggested(CREDIT_MODEL, trial)
    settings = booster_settings({**PARAMETERS, **chosen}, material, seed)
    losses: list[list[float]] = []
    aucs: list[list[float]] = []
    value = 0.0
    for number, fold in enumerate(prepared):
        told = _grown(fold, settings)
        losses.append(told["binary_logloss"])
        aucs.append(told["auc"])
        last = best_trees(losses) - 1
        value = float(np.mean([auc[min(last, len(auc) - 1)] for auc in aucs]))
        trial.report(value, number)
        if number + 1 < FOLDS and trial.should_prune():
            raise optuna.TrialPruned
    trial.set_user_attr("trees", best_trees(losses))
    return value


def _grown(fold: Fold, settings: Mapping[str, Any]) -> Mapping[str, list[float]]:
    """Measures of a fold's model, tree by tree, until it learns no more."""
    told: dict[str, dict[str, list[float]]] = {}
    lgb.train(
        {**settings, "metric": list(METRICS), "feature_pre_filter": False},
        fold.learn,
        MOST_TREES,
        [fold.unseen],
        ["unseen"],
        callbacks=[
            lgb.early_stopping(PATIENCE, first_metric_only=True, verbose=False),
            lgb.record_evaluation(told),
        ],
    )
    return told["unseen"]


def _log(trial: optuna.trial.FrozenTrial) -> None:
    with mlflow.start_run(run_name=f"trial {trial.number}", nested=True):
        mlflow.log_params(trial.params | trial.user_attrs)
        mlflow.set_tag("state", trial.state.name.lower())
        for step, value in trial.intermediate_values.items():
            mlflow.log_metric("auc", value, step=step)
