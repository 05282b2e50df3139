"""Test contributions by concept."""

from __future__ import annotations

import numpy as np
import pytest

from credit.features import CATALOGUE, Concept
from training.evaluation.feature_importance import ExplanationSample, explain_sample
from training.gates import EvaluationResult
from training.reporting.concept_contributions import sum_by_concept


@pytest.fixture(scope="module")
def sample(evidence: EvaluationResult) -> ExplanationSample:
    return explain_sample(evidence.trained_model.booster, evidence.matrix, seed=0)


def test_every_concept_is_there_and_the_sum_of_a_client_stays_the_same(
    sample: ExplanationSample,
) -> None:
    summed = sum_by_concept(sample)
    assert sorted(concept.name for concept in summed.concepts) == sorted(Concept.__members__)
    total = summed.contributions.sum(axis=1) + summed.base
    assert total == pytest.approx(sample.contributions.sum(axis=1))


def test_concepts_are_in_the_order_of_importance(sample: ExplanationSample) -> None:
    weights = list(sum_by_concept(sample).importance.values())
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0


def test_features_of_a_concept_may_cancel_out() -> None:
    names = list(CATALOGUE)
    first, second = [name for name in names if CATALOGUE[name].concept is Concept.INCOME][:2]
    contributions = np.zeros((2, len(names) + 1))
    contributions[:, names.index(first)] = 0.3
    contributions[:, names.index(second)] = -0.3
    matrix = np.zeros((2, len(names)), dtype=np.float32)
    summed = sum_by_concept(ExplanationSample(matrix=matrix, contributions=contributions))
    assert summed.importance[Concept.INCOME] == pytest.approx(0)


def test_the_leading_feature_belongs_to_its_concept(sample: ExplanationSample) -> None:
    summed = sum_by_concept(sample)
    for concept, name in zip(summed.concepts, summed.leading_features, strict=True):
        assert CATALOGUE[name].concept is concept
        members = [name for name, feature in CATALOGUE.items() if feature.concept is concept]
        numeric = [name for name in members if not CATALOGUE[name].is_categorical]
        assert sample.importance[name] == max(
            sample.importance[member] for member in numeric or members
        )
