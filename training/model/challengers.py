"""The models that the served one is compared with: what each is made of, and how it is weighted.

matrix ──► (made complete ──► SMOTE) ──► steps of the challenger ──► model
           only where clients are made up
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import (
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
)

from credit.errors import Fault, Faulty
from credit.features import Feature
from training.data.dataset import Labels
from training.model.search_space import FOREST, LIGHTGBM, LOGISTIC, XGBOOST, Space
from training.model.weight_of_evidence import WeightOfEvidence

Steps = list[tuple[str, Any]]
MODEL = "model"

FEW, SOME = 12, 60
"""Columns of a logistic regression, by their F value: all pairs of a few, or some alone."""


class Balance(StrEnum):
    """What is done about clients with difficulties being few."""

    PLAIN = "plain"
    WEIGHTS = "class weights"
    SMOTE = "SMOTE"
    """Made-up clients between neighbours: Chawla et al., *SMOTE* (2002). Of a fold's learners."""


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """A kind of model and how it wants its columns."""

    name: str
    model: Callable[[int], Any]
    """From a seed to scikit-learn's classifier."""
    weight: Callable[[Labels], Mapping[str, Any]] = field(
        default=lambda _: {"class_weight": "balanced"}
    )
    """The classifier's way of saying that both outcomes weigh the same."""
    steps: Callable[[], Steps] = list
    complete: bool = False
    """Whether it needs every cell known."""
    space: Space = field(default_factory=dict)
    """Where its parameters are searched; a dummy has none."""

    def pipeline(
        self,
        features: Mapping[str, Feature],
        labels: Labels,
        *,
        balance: Balance,
        parameters: Mapping[str, Any],
        seed: int,
    ) -> Pipeline:
        """The challenger, not yet fitted; all that it fits, it fits on what it is given."""
        steps: Steps = []
        if self.complete or balance is Balance.SMOTE:
            steps.append(("complete", completed(features)))
        if balance is Balance.SMOTE:
            # Neighbours are near in columns of the same scale.
            steps += [("scale", StandardScaler()), ("smote", SMOTE(random_state=seed))]
        steps += self.steps()
        weights = self.weight(labels) if balance is Balance.WEIGHTS else {}
        model = self.model(seed).set_params(**parameters, **weights)
        return Pipeline([*steps, (MODEL, model)])


def completed(features: Mapping[str, Feature]) -> ColumnTransformer:
    """Unknown numbers become the median, categories a column a word."""
    words = np.array([feature.categorical for feature in features.values()])
    return ColumnTransformer([
        ("numbers", SimpleImputer(strategy="median", keep_empty_features=True), ~words),
        ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
    ])  # fmt: skip


def _best(columns: int) -> Steps:
    return [
        ("varying", VarianceThreshold()),
        ("best", SelectKBest(f_classif, k=columns)),
        ("unit", StandardScaler()),
    ]


def _logistic(seed: int) -> LogisticRegression:
    return LogisticRegression(max_iter=2_000, random_state=seed)


def _times_as_many(labels: Labels) -> Mapping[str, Any]:
    return {"scale_pos_weight": float((labels == 0).sum() / labels.sum())}


CHALLENGERS = (
    Challenger(name="dummy", model=lambda _: DummyClassifier(), weight=lambda _: {}),
    Challenger(
        name="scorecard (binned, weight of evidence)",
        model=_logistic,
        steps=lambda: [("evidence", WeightOfEvidence())],
        space=LOGISTIC,
    ),
    Challenger(
        name="logistic regression (scaled)",
        model=_logistic,
        steps=lambda: _best(SOME),
        complete=True,
        space=LOGISTIC,
    ),
    Challenger(
        name="logistic regression (power-transformed)",
        model=_logistic,
        steps=lambda: [*_best(SOME), ("power", PowerTransformer())],
        complete=True,
        space=LOGISTIC,
    ),
    Challenger(
        name="logistic regression (polynomial)",
        model=_logistic,
        steps=lambda: [
            *_best(FEW),
            ("pairs", PolynomialFeatures(2, include_bias=False)),
            ("again", StandardScaler()),
        ],
        complete=True,
        space=LOGISTIC,
    ),
    Challenger(
        name="random forest",
        model=lambda seed: RandomForestClassifier(n_jobs=-1, random_state=seed),
        space=FOREST,
    ),
    Challenger(
        name="XGBoost",
        model=lambda seed: xgb.XGBClassifier(random_state=seed),
        weight=_times_as_many,
        space=XGBOOST,
    ),
    Challenger(
        name="LightGBM",
        model=lambda seed: lgb.LGBMClassifier(random_state=seed, subsample_freq=1, verbosity=-1),
        space=LIGHTGBM,
    ),
)
"""With the parameters their libraries give them; `space` is where others are looked for."""


class UnknownChallenger(Faulty):
    """A comparison was asked for a model that is none of the challengers."""

    code = "unknown-challenger"
    subject = "models asked for"


def chosen(names: Sequence[str]) -> tuple[Challenger, ...]:
    """The challengers whose name has one of these in it; all without any.

    Raises:
        UnknownChallenger: a name is in none.
    """
    known = ", ".join(challenger.name for challenger in CHALLENGERS)
    faults = [
        Fault("--model", name, f"part of one of: {known}")
        for name in names
        if not any(name in challenger.name for challenger in CHALLENGERS)
    ]
    if faults:
        raise UnknownChallenger(faults)
    return tuple(c for c in CHALLENGERS if not names or any(name in c.name for name in names))
