"""A client among the clients the model was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from credit.contract.responses import build_model_description
from credit.features import CATALOGUE
from credit.policy import Policy
from credit.reference_population import (
    RISK_QUINTILE_COUNT,
    Distribution,
    JointDistribution,
    Population,
)
from credit.scorer import Scorer
from training.data.dataset import TrainingSet


@pytest.fixture(scope="module")
def population(scorer: Scorer) -> Population:
    return scorer.metadata.population


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_client_is_counted_once_in_every_distribution(
    name: str, population: Population, learnable: TrainingSet
) -> None:
    position = population.spreads[name].locate_client(name, None)
    counted = sum(item.without_difficulties + item.with_difficulties for item in position.bins)
    assert counted + position.unknown == len(learnable)


def test_the_quintiles_have_about_the_same_size(
    population: Population, learnable: TrainingSet
) -> None:
    sizes = [
        sum(
            item.without_difficulties + item.with_difficulties
            for item in population.spreads["external_scores_known"]
            .locate_client("external_scores_known", 3.0, risk_quintile=fifth)
            .bins
        )
        for fifth in range(RISK_QUINTILE_COUNT)
    ]
    assert sum(sizes) == len(learnable)
    assert max(sizes) - min(sizes) < len(learnable) / RISK_QUINTILE_COUNT


def test_a_risk_belongs_to_the_quintile_with_the_edges_around_it() -> None:
    edges = (0.1, 0.2, 0.3, 0.4)
    results = Population(risk_edges=edges, spreads={}, crossings={})
    assert [results.risk_quintile(risk) for risk in (0.0, 0.1, 0.25, 0.4, 1.0)] == [0, 1, 2, 4, 4]


NUMBERS = Distribution(
    edges=(10.0, 20.0),
    counts=tuple(((fifth, 0), (1, 1), (0, fifth)) for fifth in range(RISK_QUINTILE_COUNT)),
    unknown=(0, 1, 2, 3, 4),
    means=((12.0, 15.0),) * RISK_QUINTILE_COUNT,
    quantiles=tuple(float(step) for step in range(21)),
)


def test_the_first_and_last_bin_of_a_position_are_open() -> None:
    results = NUMBERS.locate_client("income", 5.0)
    assert [(item.low, item.high) for item in results.bins] == [(None, 10), (10, 20), (20, None)]
    assert [(item.without_difficulties, item.with_difficulties) for item in results.bins] == [
        (10, 0), (5, 5), (0, 10),
    ]  # fmt: skip
    assert results.unknown == 10
    assert (results.mean_without_difficulties, results.mean_with_difficulties) == (12, 15)
    assert not results.similar


def test_similar_clients_are_those_of_the_same_quintile() -> None:
    results = NUMBERS.locate_client("income", 5.0, risk_quintile=3)
    assert results.similar
    assert [item.without_difficulties for item in results.bins] == [3, 1, 0]
    assert results.unknown == 3


@pytest.mark.parametrize(
    ("value", "percentile"),
    [(-1.0, 0), (0.0, 0), (10.0, 0.5), (2.5, 0.125), (20.0, 1), (99.0, 1), (None, None)],
)
def test_a_percentile_is_linear_between_quantiles(
    value: float | None, percentile: float | None
) -> None:
    assert NUMBERS.locate_client("income", value).percentile == percentile


def test_categories_have_no_percentile_and_one_bin_each() -> None:
    words = Distribution(
        words=("a", "b"),
        counts=(((1, 0), (0, 1)),) * RISK_QUINTILE_COUNT,
        unknown=(0,) * RISK_QUINTILE_COUNT,
    )
    results = words.locate_client("education", "a")
    assert [(item.word, item.low, item.high) for item in results.bins] == [
        ("a", None, None), ("b", None, None),
    ]  # fmt: skip
    assert results.percentile is None


def test_the_percentile_counts_clients_with_an_equal_value() -> None:
    mostly_zero = NUMBERS.model_copy(update={"quantiles": (*[0.0] * 18, 1.0, 2.0, 3.0)})
    assert mostly_zero.locate_client("days_past_due_max_ever", 0.0).percentile == 17 / 20


def test_means_are_those_of_the_compared_clients() -> None:
    means = tuple((float(fifth), None) for fifth in range(RISK_QUINTILE_COUNT))
    results = NUMBERS.model_copy(update={"means": means})
    assert results.locate_client("income", 5.0, risk_quintile=3).mean_without_difficulties == 3
    # Fifths count 1, 2, ... 5 clients without difficulties.
    complete = results.locate_client("income", 5.0).mean_without_difficulties
    assert complete == sum(fifth * (fifth + 1) for fifth in range(RISK_QUINTILE_COUNT)) / 15


def test_crossed_features_are_found_in_either_order() -> None:
    crossing = JointDistribution(edges=((1.0,), (5.0, 6.0)), counts=(((1, 0),) * 3, ((2, 0),) * 3))
    results = Population(risk_edges=(), spreads={}, crossings={"income*age": crossing})
    turned = results.find_joint_distribution("age", "income")
    assert turned is not None
    assert results.find_joint_distribution("income", "age") == crossing
    assert turned.edges == ((5.0, 6.0), (1.0,))
    assert turned.counts == (((1, 0), (2, 0)),) * 3
    assert turned.transpose() == crossing
    assert results.find_joint_distribution("income", "credit") is None
    assert results.crossed_features == ["age", "income"]


def test_every_pair_of_the_leading_features_is_crossed(
    population: Population, scorer: Scorer, learnable: TrainingSet
) -> None:
    leading = sorted(
        (name for name in population.crossed_features),
        key=lambda name: -scorer.metadata.importance[name],
    )
    for item in leading:
        for other in leading:
            if item != other:
                crossing = population.find_joint_distribution(item, other)
                assert crossing
                assert np.array(crossing.counts).sum() <= len(learnable)
    assert len(population.crossings) == len(leading) * (len(leading) - 1) / 2


def test_the_model_is_described_with_its_policy_and_features(
    scorer: Scorer, policy: Policy
) -> None:
    results = build_model_description(scorer, policy)
    assert (results.version, results.threshold, results.band) == (
        "credit-scorer:test",
        1 / 11,
        (0.45, 0.55),
    )
    assert results.automation == "advisory"
    assert {feature.name for feature in results.features} == set(CATALOGUE)
    importances = [feature.importance for feature in results.features]
    assert importances == sorted(importances, reverse=True)
    assert importances[0] > 0
