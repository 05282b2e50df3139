"""Challengers: the models that the served model is compared with, as scikit-learn pipelines.

matrix ──► imputation or ───► scaling and SMOTE ──► steps of the challenger ──► model
           one-hot encoding   (strategy SMOTE)
           (if needed)
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
from training.model.piecewise_linear import PiecewiseLinear
from training.model.search_space import (
    FOREST_SPACE,
    LIGHTGBM_SPACE,
    LOGISTIC_SPACE,
    XGBOOST_SPACE,
    SearchSpace,
)
from training.model.weight_of_evidence import WeightOfEvidence

PipelineSteps = list[tuple[str, Any]]
"""Names and transformers or models, in order, as `Pipeline` takes them."""

MODEL_STEP = "model"
"""Name of the last step of every pipeline."""

POLYNOMIAL_COLUMN_COUNT, LINEAR_COLUMN_COUNT = 12, 60
"""Columns that a logistic regression keeps, by F value.

The polynomial model keeps fewer, because it adds the product of every pair.
"""


PIECEWISE_INVERSE_PENALTY = 0.005
"""Inverse ridge penalty of the piecewise-linear model, which has several columns per feature.

With the default of scikit-learn, 1.0, its AUC on 14,323 application forms is about 0.04 lower.
"""


class ImbalanceStrategy(StrEnum):
    """How a model handles that clients with payment difficulties are a small minority."""

    PLAIN = "plain"
    WEIGHTS = "class weights"
    SMOTE = "SMOTE"
    """Add synthetic clients between neighbours of the minority class (Chawla et al., 2002).

    Only the training clients of a fold are resampled.
    """


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """A type of model with its preprocessing and its search space."""

    name: str
    """Unique name, shown in the comparison."""
    build_model: Callable[[int], Any]
    """Build the scikit-learn classifier from a seed."""
    build_weight_parameters: Callable[[Labels], Mapping[str, Any]] = field(
        default=lambda _: {"class_weight": "balanced"}
    )
    """Build the classifier's parameters that give both classes the same total weight."""
    build_steps: Callable[[], PipelineSteps] = list
    """Build the preprocessing steps before the classifier; none by default."""
    needs_imputation: bool = False
    """True if the classifier does not accept missing values (NaN)."""
    needs_one_hot: bool = False
    """True if the steps read each category as a column of its own."""
    search_space: SearchSpace = field(default_factory=dict)
    """Ranges of the parameters to search; empty if there is nothing to search."""
    is_blended: bool = False
    """True if the comparison also averages its log-odds with those of the served model."""
    stores_clients: bool = False
    """True if a fitted model contains the rows of its training clients."""

    def build_pipeline(
        self,
        features: Mapping[str, Feature],
        labels: Labels,
        *,
        strategy: ImbalanceStrategy,
        parameters: Mapping[str, Any],
        seed: int,
    ) -> Pipeline:
        """Build an unfitted pipeline. Every step is fitted on the data given to the pipeline only.

        Args:
            features: Features of the matrix by name, in the order of its columns.
            labels: Training labels, which determine class weights.
            strategy: How to handle class imbalance.
            parameters: The classifier's parameters.
            seed: Seed of the classifier and of SMOTE.
        """
        steps: PipelineSteps = []
        if self.needs_imputation or strategy is ImbalanceStrategy.SMOTE:
            steps.append(("complete", imputer(features)))
        elif self.needs_one_hot:
            steps.append(("words", one_hot_encoder(features)))
        if strategy is ImbalanceStrategy.SMOTE:
            # SMOTE measures distances between clients, so columns need the same scale.
            steps += [("scale", StandardScaler()), ("smote", SMOTE(random_state=seed))]
        steps += self.build_steps()
        weights = (
            self.build_weight_parameters(labels) if strategy is ImbalanceStrategy.WEIGHTS else {}
        )
        model = self.build_model(seed).set_params(**parameters, **weights)
        return Pipeline([*steps, (MODEL_STEP, model)])


def imputer(features: Mapping[str, Feature]) -> ColumnTransformer:
    """Return a transformer that imputes medians and one-hot encodes categories."""
    return one_hot_encoder(features, SimpleImputer(strategy="median", keep_empty_features=True))


def one_hot_encoder(
    features: Mapping[str, Feature], numbers: SimpleImputer | str = "passthrough"
) -> ColumnTransformer:
    """Return a transformer that one-hot encodes categories; unknown is a category of its own.

    Args:
        features: Features of the matrix by name, in the order of its columns.
        numbers: Transformer of the numeric columns; by default, they are passed on with their NaN.
    """
    is_categorical = np.array([feature.is_categorical for feature in features.values()])
    return ColumnTransformer([
        ("numbers", numbers, ~is_categorical),
        ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), is_categorical),
    ])  # fmt: skip


def _select_k_best(column_count: int) -> PipelineSteps:
    return [
        ("varying", VarianceThreshold()),
        ("best", SelectKBest(f_classif, k=column_count)),
        ("unit", StandardScaler()),
    ]


def _build_logistic_regression(seed: int, *, inverse_penalty: float = 1.0) -> LogisticRegression:
    return LogisticRegression(C=inverse_penalty, max_iter=2_000, random_state=seed)


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
        name="piecewise-linear logistic regression",
        build_model=lambda seed: _build_logistic_regression(
            seed, inverse_penalty=PIECEWISE_INVERSE_PENALTY
        ),
        build_steps=lambda: [("pieces", PiecewiseLinear())],
        needs_one_hot=True,
        search_space=LOGISTIC_SPACE,
        is_blended=True,
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
        is_blended=True,
    ),
    Challenger(
        name="LightGBM",
        build_model=lambda seed: lgb.LGBMClassifier(
            random_state=seed, subsample_freq=1, verbosity=-1
        ),
        search_space=LIGHTGBM_SPACE,
    ),
)
"""All challengers.

Parameters are the defaults of their libraries, unless a search sets others or a constant above
gives a reason.
"""


class UnknownChallenger(InvalidInput):
    """A requested model is not one of the challengers."""

    code = "unknown-challenger"
    subject = "requested models"


def select_challengers(names: Sequence[str]) -> tuple[Challenger, ...]:
    """Return the challengers with one of these texts in their name, or all if `names` is empty.

    Raises:
        UnknownChallenger: A text is in no challenger's name.
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
