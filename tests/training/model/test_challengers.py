from __future__ import annotations

import numpy as np
import pytest

from credit.features import CATALOGUE, Feature
from tests.support.small_model import SEED
from training.data.dataset import TrainingSet
from training.data.preparation import stratified_sample
from training.model.challengers import (
    CHALLENGERS,
    MODEL_STEP,
    ImbalanceStrategy,
    UnknownChallenger,
    imputer,
    one_hot_encoder,
    select_challengers,
)

CLIENTS = 700
NUMBER, OTHER_NUMBER = [f for f in CATALOGUE.values() if not f.is_categorical][:2]
CATEGORY = next(feature for feature in CATALOGUE.values() if feature.is_categorical)
FEATURES: dict[str, Feature] = {f.name: f for f in (NUMBER, OTHER_NUMBER, CATEGORY)}
MATRIX = np.array([[1.0, 5.0, 0.0], [np.nan, 6.0, 1.0], [3.0, 7.0, np.nan], [4.0, 8.0, 2.0]] * 25)
LABELS = np.array([0, 0, 1, 0] * 25, dtype=np.int8)


def test_one_hot_encoding_leaves_unknown_numbers_and_gives_unknown_categories_a_column() -> None:
    encoded = one_hot_encoder(FEATURES).fit_transform(MATRIX[:4])
    assert np.array_equal(encoded[:, :2], MATRIX[:4, :2], equal_nan=True)
    assert encoded[:, 2:].tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]


@pytest.mark.parametrize("strategy", ImbalanceStrategy)
def test_the_piecewise_linear_model_reads_categories_as_columns_and_imputes_only_for_smote(
    strategy: ImbalanceStrategy,
) -> None:
    [challenger] = select_challengers(["piecewise"])
    pipeline = challenger.build_pipeline(
        FEATURES, LABELS, strategy=strategy, parameters={}, seed=0
    ).fit(MATRIX, LABELS)
    indicators = 0 if strategy is ImbalanceStrategy.SMOTE else 1
    # Three pieces between the four numbers or two between three, and one per category.
    assert len(pipeline["pieces"].indicator_columns_) == indicators
    assert pipeline[MODEL_STEP].n_features_in_ >= 3 + 2 + 4
    likely, unlikely = pipeline.predict_proba(MATRIX[[2, 0]])[:, 1]
    assert likely > unlikely


@pytest.fixture(scope="module")
def sample_set(learnable: TrainingSet) -> TrainingSet:
    return learnable.take(stratified_sample(learnable, CLIENTS, seed=SEED))


@pytest.mark.parametrize("challenger", CHALLENGERS, ids=lambda challenger: challenger.name)
def test_every_challenger_accepts_unknown_values_and_new_categories(
    challenger: object, sample_set: TrainingSet
) -> None:
    [item] = [c for c in CHALLENGERS if c is challenger]
    matrix = sample_set.encode(sample_set.fit_features()).astype(np.float64)
    parameters = {"n_estimators": 5} if "n_estimators" in item.build_model(0).get_params() else {}
    for balance in (ImbalanceStrategy.PLAIN, ImbalanceStrategy.WEIGHTS):
        pipeline = item.build_pipeline(
            sample_set.features,
            sample_set.labels,
            strategy=balance,
            parameters=parameters,
            seed=SEED,
        ).fit(matrix, sample_set.labels)
        summary = pipeline.predict_proba(np.full((2, matrix.shape[1]), np.nan))[:, 1]
        assert ((summary >= 0) & (summary <= 1)).all()
        assert summary[0] == summary[1]
        assert pipeline[MODEL_STEP].classes_.tolist() == [0, 1]


def test_medians_are_those_of_the_training_clients(sample_set: TrainingSet) -> None:
    matrix = sample_set.encode(sample_set.fit_features()).astype(np.float64)
    position = list(sample_set.features).index("income")
    learn = matrix[:300]
    all_clients = imputer(sample_set.features).fit(learn)
    numbers = [name for name, feature in sample_set.features.items() if not feature.is_categorical]
    gap = matrix[[0]].copy()
    gap[0, position] = np.nan
    filled = all_clients.transform(gap)[0, numbers.index("income")]
    assert filled == pytest.approx(np.nanmedian(learn[:, position]))


def test_an_unknown_model_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UnknownChallenger, match="random forest"):
        select_challengers(["forrest"])
