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

from credit.errors import Fault, InvalidInput
from credit.features import Feature
from training.data.dataset import Labels
from training.model.search_space import (
    FOREST_SPACE,
    LIGHTGBM_SPACE,
    LOGISTIC_SPACE,
    XGBOOST_SPACE,
    SearchSpace,
)
from training.model.weight_of_evidence import WeightOfEvidence

PipelineSteps = list[tuple[str, Any]]
MODEL_STEP = "model"

POLYNOMIAL_COLUMN_COUNT, LINEAR_COLUMN_COUNT = 12, 60
"""Columns of a logistic regression, by their F value: all pairs of a few, or some alone."""


class ImbalanceStrategy(StrEnum):
    """What is done about clients with difficulties being few."""

    PLAIN = "plain"
    WEIGHTS = "class weights"
    SMOTE = "SMOTE"
    """Made-up clients between neighbours: Chawla et al., *SMOTE* (2002). Of a fold's learners."""


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """A kind of model and how it wants its columns."""

    name: str
    build_model: Callable[[int], Any]
    """From a seed to scikit-learn's classifier."""
    build_weight_parameters: Callable[[Labels], Mapping[str, Any]] = field(
        default=lambda _: {"class_weight": "balanced"}
    )
    """The classifier's way of saying that both outcomes weigh the same."""
    build_steps: Callable[[], PipelineSteps] = list
    needs_imputation: bool = False
    """Whether it needs every cell known."""
    search_space: SearchSpace = field(default_factory=dict)
    """Where its parameters are searched; a dummy has none."""

    def build_pipeline(
        self,
        features: Mapping[str, Feature],
        labels: Labels,
        *,
        strategy: ImbalanceStrategy,
        parameters: Mapping[str, Any],
        seed: int,
    ) -> Pipeline:
        """The challenger, not yet fitted; all that it fits, it fits on what it is given."""
        steps: PipelineSteps = []
        if self.needs_imputation or strategy is ImbalanceStrategy.SMOTE:
            steps.append(("complete", imputer(features)))
        if strategy is ImbalanceStrategy.SMOTE:
            # Neighbours are near in columns of the same scale.
            steps += [("scale", StandardScaler()), ("smote", SMOTE(random_state=seed))]
        steps += self.build_steps()
        weights = (
            self.build_weight_parameters(labels) if strategy is ImbalanceStrategy.WEIGHTS else {}
        )
        model = self.build_model(seed).set_params(**parameters, **weights)
        return Pipeline([*steps, (MODEL_STEP, model)])


def imputer(features: Mapping[str, Feature]) -> ColumnTransformer:
    """Unknown numbers become the median, categories a column a word."""
    is_categorical = np.array([feature.is_categorical for feature in features.values()])
    return ColumnTransformer([
        ("numbers", SimpleImputer(strategy="median", keep_empty_features=True), ~is_categorical),
        ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), is_categorical),
    ])  # fmt: skip


def _select_k_best(column_count: int) -> PipelineSteps:
    return [
        ("varying", VarianceThreshold()),
        ("best", SelectKBest(f_classif, k=column_count)),
        ("unit", StandardScaler()),
    ]


def _build_logistic_regression(seed: int) -> LogisticRegression:
    return LogisticRegression(max_iter=2_000, random_state=seed)


def _positive_class_weight(labels: Labels) -> Mapping[str, Any]:
    return {"scale_pos_weight": float((labels == 0).sum() / labels.sum())}


CHALLENGERS = (
    Challenger(
        name="dummy", build_model=lambda _: DummyClassifier(), build_weight_parameters=lambda _: {}
    ),
    Challenger(
        name="scorecard (binned, weight of evidence)",
        build_model=_build_logistic_regression,
        build_steps=lambda: [("evidence", WeightOfEvidence())],
        search_space=LOGISTIC_SPACE,
    ),
    Challenger(
        name="logistic regression (scaled)",
        build_model=_build_logistic_regression,
        build_steps=lambda: _select_k_best(LINEAR_COLUMN_COUNT),
        needs_imputation=True,
        search_space=LOGISTIC_SPACE,
    ),
    Challenger(
        name="logistic regression (power-transformed)",
        build_model=_build_logistic_regression,
        build_steps=lambda: [*_select_k_best(LINEAR_COLUMN_COUNT), ("power", PowerTransformer())],
        needs_imputation=True,
        search_space=LOGISTIC_SPACE,
    ),
    Challenger(
        name="logistic regression (polynomial)",
        build_model=_build_logistic_regression,
        build_steps=lambda: [
            *_select_k_best(POLYNOMIAL_COLUMN_COUNT),
            ("pairs", PolynomialFeatures(2, include_bias=False)),
            ("again", StandardScaler()),
        ],
        needs_imputation=True,
        search_space=LOGISTIC_SPACE,
    ),
    Challenger(
        name="random forest",
        build_model=lambda seed: RandomForestClassifier(n_jobs=-1, random_state=seed),
        search_space=FOREST_SPACE,
    ),
    Challenger(
        name="XGBoost",
        build_model=lambda seed: xgb.XGBClassifier(random_state=seed),
        build_weight_parameters=_positive_class_weight,
        search_space=XGBOOST_SPACE,
    ),
    Challenger(
        name="LightGBM",
        build_model=lambda seed: lgb.LGBMClassifier(
            random_state=seed, subsample_freq=1, verbosity=-1
        ),
        search_space=LIGHTGBM_SPACE,
    ),
)
"""With the parameters their libraries give them; `space` is where others are looked for."""


class UnknownChallenger(InvalidInput):
    """A comparison was asked for a model that is none of the challengers."""

    code = "unknown-challenger"
    subject = "models asked for"


def select_challengers(names: Sequence[str]) -> tuple[Challenger, ...]:
    """The challengers whose name has one of these in it; all without any.

    Raises:
        UnknownChallenger: a name is in none.
    """
    available_names = ", ".join(challenger.name for challenger in CHALLENGERS)
    faults = [
        Fault("--model", name, f"part of one of: {available_names}")
        for name in names
        if not any(name in challenger.name for challenger in CHALLENGERS)
    ]
    if faults:
        raise UnknownChallenger(faults)
    return tuple(c for c in CHALLENGERS if not names or any(name in c.name for name in names))
