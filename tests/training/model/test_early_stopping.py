from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.metrics import log_loss

from training.model.early_stopping import VALIDATION_LOSS, train_with_early_stopping

CLIENTS, POSITIVE_WEIGHT = 3_000, 11.0
PARAMETERS = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 4, "verbosity": -1}


@pytest.fixture(scope="module")
def clients() -> tuple[np.ndarray, np.ndarray]:
    """Return two informative columns and labels, of which about one in ten is 1."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(CLIENTS, 2))
    risks = 1 / (1 + np.exp(2.8 - matrix.sum(axis=1)))
    return matrix, (rng.random(CLIENTS) < risks).astype(np.int8)


def fit(
    clients: tuple[np.ndarray, np.ndarray], **parameters: float
) -> tuple[lgb.Booster, dict[str, list[float]]]:
    matrix, labels = clients
    train_data = lgb.Dataset(matrix[::2], labels[::2])
    booster, history = train_with_early_stopping(
        train_data,
        train_data.create_valid(matrix[1::2], labels[1::2]),
        {**PARAMETERS, **parameters},
        max_trees=300,
        rounds=20,
        further_metrics=("auc",),
    )
    return booster, dict(history)


def test_the_validation_loss_has_the_class_weights_of_the_training_loss(
    clients: tuple[np.ndarray, np.ndarray],
) -> None:
    booster, history = fit(clients, scale_pos_weight=POSITIVE_WEIGHT)
    matrix, labels = clients[0][1::2], clients[1][1::2]
    weights = np.where(labels == 1, POSITIVE_WEIGHT, 1.0)
    for tree_count in (1, 10):
        risks = booster.predict(matrix, num_iteration=tree_count)
        expected = log_loss(labels, risks, sample_weight=weights)
        assert history[VALIDATION_LOSS][tree_count - 1] == pytest.approx(expected)


def test_a_class_weight_does_not_stop_training_at_once(
    clients: tuple[np.ndarray, np.ndarray],
) -> None:
    """Unweighted, the validation loss of a weighted model rises from the first tree on."""
    plain, weighted = (
        int(np.argmin(fit(clients, scale_pos_weight=weight)[1][VALIDATION_LOSS])) + 1
        for weight in (1.0, POSITIVE_WEIGHT)
    )
    assert weighted > plain / 2 > 10


def test_without_a_class_weight_the_validation_loss_is_the_plain_one(
    clients: tuple[np.ndarray, np.ndarray],
) -> None:
    booster, history = fit(clients)
    risks = booster.predict(clients[0][1::2], num_iteration=10)
    assert history[VALIDATION_LOSS][9] == pytest.approx(log_loss(clients[1][1::2], risks))
    assert fit(clients, scale_pos_weight=1.0)[1] == history


def test_further_metrics_are_recorded_and_do_not_stop_training(
    clients: tuple[np.ndarray, np.ndarray],
) -> None:
    booster, history = fit(clients)
    assert len(history["auc"]) == len(history[VALIDATION_LOSS])
    best = int(np.argmin(history[VALIDATION_LOSS])) + 1
    assert booster.num_trees() == len(history[VALIDATION_LOSS]) > best
