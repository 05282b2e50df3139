"""Test the curves by fold and by tree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from training.data.dataset import TrainingSet
from training.model.cross_validation import FOLD_COUNT, average_losses
from training.model.trainer import TrainedModel
from training.tracking.step_metrics import MAX_POINTS_PER_FOLD, compute_fold_aucs, thin_curve


@given(st.lists(st.floats(0, 1), min_size=1, max_size=3_000))
def test_a_thinned_curve_has_its_ends_and_its_lowest_point(values: list[float]) -> None:
    points = dict(thin_curve(values))
    assert len(points) <= MAX_POINTS_PER_FOLD
    assert {1, len(values)} <= points.keys()
    assert min(points.values()) == min(values)
    assert all(values[step - 1] == value for step, value in points.items())


def test_a_short_curve_is_complete() -> None:
    assert dict(thin_curve([0.3, 0.2])) == {1: 0.3, 2: 0.2}


def test_the_model_has_a_curve_for_each_fold_and_bagged_model(fitted: TrainedModel) -> None:
    assert len(fitted.fold_losses) == FOLD_COUNT
    for curves in fitted.fold_losses:
        assert len(curves) == fitted.parameters["bagged"]
        mean = average_losses(curves)
        assert mean.min() < mean[0]


def test_the_auc_of_a_fold_is_that_of_its_clients(
    fitted: TrainedModel, learnable: TrainingSet
) -> None:
    aucs = compute_fold_aucs(fitted, learnable.labels)
    assert len(aucs) == FOLD_COUNT
    rows = np.flatnonzero(fitted.fold == 2)
    expected = roc_auc_score(learnable.labels[rows], fitted.oof_risk[rows])
    assert aucs[2] == pytest.approx(expected)
