"""Search spaces for the parameters of the served model and of its challengers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import optuna


@dataclass(frozen=True, kw_only=True)
class Range:
    """Numbers that a parameter may take, both ends included.

    Names of stored Optuna studies contain a hash of this class's `repr`. Renaming the class or a
    field would keep existing studies from being resumed.
    """

    low: float
    high: float
    log: bool = False
    """Sample uniformly in the logarithm."""
    whole: bool = False
    """Sample integers only."""

    def suggest(self, trial: optuna.Trial, name: str) -> float:
        """Let the trial choose a value for the parameter called `name`."""
        if self.whole:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def contains(self, value: float) -> bool:
        """Return True if the value lies in the range; integrality is not checked."""
        return self.low <= value <= self.high


SearchSpace = Mapping[str, Range]
"""Maps names of parameters to their ranges."""

CREDIT_MODEL_SPACE: SearchSpace = MappingProxyType({
    "learning_rate": Range(low=0.015, high=0.08, log=True),
    "num_leaves": Range(low=4, high=48, log=True, whole=True),
    "min_child_samples": Range(low=20, high=300, log=True, whole=True),
    "feature_fraction": Range(low=0.02, high=0.5, log=True),
    "bagging_fraction": Range(low=0.4, high=1),
    "lambda_l2": Range(low=1, high=200, log=True),
    "cat_smooth": Range(low=5, high=200, log=True),
})  # fmt: skip
"""Search space of the served LightGBM model.

It has no number of trees, which early stopping chooses, and no `max_bin`, because the trials share
the binned data of each fold.
"""

LOGISTIC_SPACE: SearchSpace = MappingProxyType({"C": Range(low=1e-4, high=1, log=True)})

FOREST_SPACE: SearchSpace = MappingProxyType({
    "min_samples_leaf": Range(low=2, high=100, log=True, whole=True),
    "max_features": Range(low=0.02, high=0.4, log=True),
})  # fmt: skip

XGBOOST_SPACE: SearchSpace = MappingProxyType({
    "n_estimators": Range(low=50, high=400, log=True, whole=True),
    "learning_rate": Range(low=0.02, high=0.3, log=True),
    "max_depth": Range(low=2, high=6, whole=True),
    "min_child_weight": Range(low=1, high=50, log=True),
    "colsample_bynode": Range(low=0.03, high=1, log=True),
    "subsample": Range(low=0.5, high=1),
    "reg_lambda": Range(low=1, high=100, log=True),
})  # fmt: skip

LIGHTGBM_SPACE: SearchSpace = MappingProxyType({
    "n_estimators": Range(low=50, high=400, log=True, whole=True),
    "learning_rate": Range(low=0.02, high=0.3, log=True),
    "num_leaves": Range(low=4, high=48, log=True, whole=True),
    "min_child_samples": Range(low=20, high=300, log=True, whole=True),
    "colsample_bytree": Range(low=0.03, high=1, log=True),
    "subsample": Range(low=0.5, high=1),
    "reg_lambda": Range(low=1, high=100, log=True),
})  # fmt: skip


def widen_space(space: SearchSpace, values: Mapping[str, float]) -> SearchSpace:
    """Return the space with its ranges extended to include the given values."""
    return {
        name: replace(
            range_, low=min(range_.low, values[name]), high=max(range_.high, values[name])
        )
        for name, range_ in space.items()
    }


def suggest_parameters(space: SearchSpace, trial: optuna.Trial) -> dict[str, float]:
    """Let the trial choose a value for every parameter of the space."""
    return {name: range_.suggest(trial, name) for name, range_ in space.items()}
