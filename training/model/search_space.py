"""Where parameters are searched: of the served model, and of those it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import optuna


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers a parameter may take."""

    low: float
    high: float
    log: bool = False
    """Whether steps multiply rather than add."""
    whole: bool = False

    def suggest(self, trial: optuna.Trial, name: str) -> float:
        if self.whole:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def contains(self, value: float) -> bool:
        return self.low <= value <= self.high


SearchSpace = Mapping[str, Range]

CREDIT_MODEL_SPACE: SearchSpace = MappingProxyType({
    "learning_rate": Range(low=0.015, high=0.08, log=True),
    "num_leaves": Range(low=4, high=48, log=True, whole=True),
    "min_child_samples": Range(low=20, high=300, log=True, whole=True),
    "feature_fraction": Range(low=0.02, high=0.5, log=True),
    "bagging_fraction": Range(low=0.4, high=1),
    "lambda_l2": Range(low=1, high=200, log=True),
    "cat_smooth": Range(low=5, high=200, log=True),
})  # fmt: skip
"""Of the served LightGBM; the number of trees is learnt out of fold, bins are those of a fold."""

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
    """The space, widened where these values lie outside."""
    return {
        name: replace(
            range_, low=min(range_.low, values[name]), high=max(range_.high, values[name])
        )
        for name, range_ in space.items()
    }


def suggest_parameters(space: SearchSpace, trial: optuna.Trial) -> dict[str, float]:
    """A value for every parameter of a space."""
    return {name: range_.suggest(trial, name) for name, range_ in space.items()}
