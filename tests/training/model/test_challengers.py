from __future__ import annotations

import numpy as np
import pytest

from credit.features import CATALOGUE, Feature
from training.model.challengers import (
    MODEL_STEP,
    ImbalanceStrategy,
    one_hot_encoder,
    select_challengers,
)

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
