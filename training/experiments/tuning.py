"""A search for the served model's parameters: resumable, pruned, within a budget of time.

space ──► trial ──► fold by fold, the hopeless pruned ──► best ──► same clients, cut anew ──► gain
study.sqlite keeps every trial                             └─► parameters.yaml
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
from stores.cli import Advance
from training.data.dataset import Material
from training.data.fingerprints import formulas
from training.evaluation.paired_bootstrap import Gain, measured
from training.model.cross_validation import FOLDS, Fold, folds
from training.model.search_space import CREDIT_MODEL, holding, suggested
from training.model.trainer import MOST_TREES, PARAMETERS, best_trees, booster_settings

PATIENCE = 80
"""Trees without a better log loss before a fold of a trial stops; fewer than a fit's."""

STARTUP = 8
"""Trials before the first may be pruned."""

METRICS = ("binary_logloss", "auc")

DEFAULT = "default"
"""Marks the trial of the parameters that a search begins with; it is never pruned."""

JUDGING = 2 * FOLDS
"""Fits that judge a search."""

Binned = tuple[lgb.Dataset, lgb.Dataset]
"""The learners of a fold, and those left out."""


@dataclass(frozen=True, kw_only=True)
class Best:
    """What a search found, judged on folds it had not seen, of the clients it had searched."""

    parameters: Mapping[str, Any]
    """All that differ from the defaults, searched or not."""
    auc: float
    """Of the best trial, mean of its folds."""
    default_auc: float
    """Of the parameters the search began with, on the same folds."""
    gain: Gain
    """In out-of-fold AUC over these, on other folds of the same clients: they chose the
    parameters, so that other clients may gain less."""
    complete: int
    pruned: int

    @property
    def gain_above_zero(self) -> bool:
        """Whether the gain's interval lies above 0 on the clients that chose: needed, no proof."""
        return self.gain.interval.low > 0


def open_study(
    path: Path,
    material: Material,
    fingerprint: str,
    *,
    seed: int,
    base: Mapping[str, Any] = PARAMETERS,
) -> optuna.Study:
    """The study of these clients, features, space and base, where it was left; new if none is.

    Args:
        base: The parameters to begin with; those outside the space stay as they are.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    space = dict(holding(CREDIT_MODEL, base))
    subject = (fingerprint, len(material), seed, formulas(material), space)
    told = repr((*subject, FOLDS, sorted(base.items())))
    study = optuna.create_study(
        storage=f"sqlite:///{path.absolute()}",
        study_name=hashlib.sha256(told.encode()).hexdigest()[:16],
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
    )
    # A seed of its own for every go: the same would draw the same trials again.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    if _default_trial(study, TrialState.COMPLETE, TrialState.WAITING) is None:
        study.enqueue_trial(_searched(base), user_attrs={DEFAULT: True})
    return study


def search(
    study: optuna.Study,
    material: Material,
    *,
    seed: int,
    trials: int,
    seconds: float,
    progress: Advance,
    base: Mapping[str, Any] = PARAMETERS,
) -> None:
    """Try parameters until the study has as many trials, or the time is over.

    A trial under way is finished. Every finished trial is a nested run of the active MLflow run.
    """
    prepared = [_binned(fold) for fold in folds(material, seed=seed, binning=_binning(base, seed))]

    def done(study: optuna.Study, trial: FrozenTrial) -> None:
        del study
        _log(trial)
        progress(1)

    progress(min(_finished(study), trials))
    # What the search began with is tried whatever the time.
    first = int(_default_trial(study, TrialState.COMPLETE) is None)
    for wanted, limit in ((first, None), (trials - _finished(study) - first, seconds)):
        if wanted > 0:
            study.optimize(
                lambda trial: _value(trial, prepared, material, base, seed),
                n_trials=wanted,
                timeout=limit,
                callbacks=[done],
            )


def judged(
    study: optuna.Study,
    material: Material,
    policy: Policy,
    *,
    seed: int,
    progress: Advance,
    base: Mapping[str, Any] = PARAMETERS,
) -> Best:
    """The best trial against what the search began with, on the same clients, cut anew.

    What was lucky on the folds searched is seen; what suits these clients alone is not.

    Args:
        progress: Told of every fold of both, `JUDGING` steps.
    """
    found = {**base, **study.best_params}
    ours, before = (
        measured(material, parameters, policy, seed=seed + 1, progress=progress)[1]
        for parameters in (found, base)
    )
    states = [trial.state for trial in study.trials]
    default = _default_trial(study, TrialState.COMPLETE)
    changed = {name: base[name] for name in base if base[name] != PARAMETERS.get(name)}
    return Best(
        parameters={**changed, **study.best_params},
        auc=study.best_value,
        default_auc=np.nan if default is None or default.value is None else default.value,
        gain=ours.over(before, "auc"),
        complete=states.count(TrialState.COMPLETE),
        pruned=states.count(TrialState.PRUNED),
    )


def _searched(base: Mapping[str, Any]) -> dict[str, Any]:
    return {name: base[name] for name in CREDIT_MODEL}


def _default_trial(study: optuna.Study, *states: TrialState) -> FrozenTrial | None:
    """The trial of the parameters the search began with, if it is in one of these states.

    One that was killed under way stays RUNNING for ever, and has told nothing.
    """
    return next((t for t in study.trials if t.state in states and DEFAULT in t.user_attrs), None)


def _finished(study: optuna.Study) -> int:
    return sum(trial.state.is_finished() for trial in study.trials)


def _binning(base: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """LightGBM's parameters of bins that serve every trial."""
    return {
        "max_bin": base["max_bin"], "seed": seed, "feature_pre_filter": False, "verbosity": -1,
    }  # fmt: skip


def _binned(fold: Fold) -> Binned:
    """The bins of a fold alone: beside them, its matrices would be held once a fold."""
    learn = fold.learn.construct()
    # As `lgb.train` does before it constructs them: the names and the bins of the learners.
    fold.unseen.params = learn.params
    return learn, fold.unseen.set_reference(learn).construct()


def _value(
    trial: optuna.Trial,
    prepared: Sequence[Binned],
    material: Material,
    base: Mapping[str, Any],
    seed: int,
) -> float:
    """Mean AUC of the folds at their common number of trees; told fold by fold to the pruner."""
    chosen = suggested(holding(CREDIT_MODEL, base), trial)
    settings = booster_settings({**base, **chosen}, material, seed)
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
        if number + 1 < FOLDS and DEFAULT not in trial.user_attrs and trial.should_prune():
            raise optuna.TrialPruned
    trial.set_user_attr("trees", best_trees(losses))
    return value


def _grown(fold: Binned, settings: Mapping[str, Any]) -> Mapping[str, list[float]]:
    """Measures of a fold's model, tree by tree, until it learns no more."""
    told: dict[str, dict[str, list[float]]] = {}
    learn, unseen = fold
    lgb.train(
        {**settings, "metric": list(METRICS), "feature_pre_filter": False},
        learn,
        MOST_TREES,
        [unseen],
        ["unseen"],
        callbacks=[
            lgb.early_stopping(PATIENCE, first_metric_only=True, verbose=False),
            lgb.record_evaluation(told),
        ],
    )
    return told["unseen"]


def _log(trial: FrozenTrial) -> None:
    with mlflow.start_run(run_name=f"trial {trial.number}", nested=True):
        mlflow.log_params(trial.params | trial.user_attrs)
        mlflow.set_tag("state", trial.state.name.lower())
        for step, value in trial.intermediate_values.items():
            mlflow.log_metric("auc", value, step=step)
