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
def test_every_client_is_counted_once_in_every_spread(
    name: str, population: Population, learnable: TrainingSet
) -> None:
    position = population.spreads[name].locate_client(name, None)
    counted = sum(one.without_difficulties + one.with_difficulties for one in position.bins)
    assert counted + position.unknown == len(learnable)


def test_the_fifths_hold_about_as_many_clients_each(
    population: Population, learnable: TrainingSet
) -> None:
    sizes = [
        sum(
            one.without_difficulties + one.with_difficulties
            for one in population.spreads["external_scores_known"]
            .locate_client("external_scores_known", 3.0, risk_quintile=fifth)
            .bins
        )
        for fifth in range(RISK_QUINTILE_COUNT)
    ]
    assert sum(sizes) == len(learnable)
    assert max(sizes) - min(sizes) < len(learnable) / RISK_QUINTILE_COUNT


def test_a_risk_belongs_to_the_fifth_between_whose_edges_it_lies() -> None:
    edges = (0.1, 0.2, 0.3, 0.4)
    told = Population(risk_edges=edges, spreads={}, crossings={})
    assert [told.risk_quintile(risk) for risk in (0.0, 0.1, 0.25, 0.4, 1.0)] == [0, 1, 2, 4, 4]


NUMBERS = Distribution(
    edges=(10.0, 20.0),
    counts=tuple(((fifth, 0), (1, 1), (0, fifth)) for fifth in range(RISK_QUINTILE_COUNT)),
    unknown=(0, 1, 2, 3, 4),
    means=((12.0, 15.0),) * RISK_QUINTILE_COUNT,
    quantiles=tuple(float(step) for step in range(21)),
)


def test_a_position_tells_the_bins_with_open_ends() -> None:
    told = NUMBERS.locate_client("income", 5.0)
    assert [(one.low, one.high) for one in told.bins] == [(None, 10), (10, 20), (20, None)]
    assert [(one.without_difficulties, one.with_difficulties) for one in told.bins] == [
        (10, 0), (5, 5), (0, 10),
    ]  # fmt: skip
    assert told.unknown == 10
    assert (told.mean_without_difficulties, told.mean_with_difficulties) == (12, 15)
    assert not told.similar


def test_similar_clients_are_those_of_the_same_fifth() -> None:
    told = NUMBERS.locate_client("income", 5.0, risk_quintile=3)
    assert told.similar
    assert [one.without_difficulties for one in told.bins] == [3, 1, 0]
    assert told.unknown == 3


@pytest.mark.parametrize(
    ("value", "percentile"),
    [(-1.0, 0), (0.0, 0), (10.0, 0.5), (2.5, 0.125), (20.0, 1), (99.0, 1), (None, None)],
)
def test_a_percentile_is_linear_between_quantiles(
    value: float | None, percentile: float | None
) -> None:
    assert NUMBERS.locate_client("income", value).percentile == percentile


def test_words_have_no_percentile_and_a_bin_each() -> None:
    words = Distribution(
        words=("a", "b"),
        counts=(((1, 0), (0, 1)),) * RISK_QUINTILE_COUNT,
        unknown=(0,) * RISK_QUINTILE_COUNT,
    )
    told = words.locate_client("education", "a")
    assert [(one.word, one.low, one.high) for one in told.bins] == [
        ("a", None, None), ("b", None, None),
    ]  # fmt: skip
    assert told.percentile is None


def test_who_shares_the_commonest_value_is_among_those_with_a_smaller_or_equal_one() -> None:
    mostly_zero = NUMBERS.model_copy(update={"quantiles": (*[0.0] * 18, 1.0, 2.0, 3.0)})
    assert mostly_zero.locate_client("days_past_due_max_ever", 0.0).percentile == 17 / 20


def test_means_are_those_of_the_clients_compared_with() -> None:
    means = tuple((float(fifth), None) for fifth in range(RISK_QUINTILE_COUNT))
    told = NUMBERS.model_copy(update={"means": means})
    assert told.locate_client("income", 5.0, risk_quintile=3).mean_without_difficulties == 3
    # Fifths count 1, 2, ... 5 clients without difficulties.
    whole = told.locate_client("income", 5.0).mean_without_difficulties
    assert whole == sum(fifth * (fifth + 1) for fifth in range(RISK_QUINTILE_COUNT)) / 15


def test_crossed_features_are_found_in_either_order() -> None:
    crossing = JointDistribution(edges=((1.0,), (5.0, 6.0)), counts=(((1, 0),) * 3, ((2, 0),) * 3))
    told = Population(risk_edges=(), spreads={}, crossings={"income*age": crossing})
    turned = told.find_joint_distribution("age", "income")
    assert turned is not None
    assert told.find_joint_distribution("income", "age") == crossing
    assert turned.edges == ((5.0, 6.0), (1.0,))
    assert turned.counts == (((1, 0), (2, 0)),) * 3
    assert turned.transpose() == crossing
    assert told.find_joint_distribution("income", "credit") is None
    assert told.crossed_features == ["age", "income"]


def test_every_pair_of_the_leading_features_is_crossed(
    population: Population, scorer: Scorer, learnable: TrainingSet
) -> None:
    leading = sorted(
        (name for name in population.crossed_features),
        key=lambda name: -scorer.metadata.importance[name],
    )
    for one in leading:
        for other in leading:
            if one != other:
                crossing = population.find_joint_distribution(one, other)
                assert crossing
                assert np.array(crossing.counts).sum() <= len(learnable)
    assert len(population.crossings) == len(leading) * (len(leading) - 1) / 2


def test_the_model_is_described_with_its_policy_and_features(
    scorer: Scorer, policy: Policy
) -> None:
    told = build_model_description(scorer, policy)
    assert (told.version, told.threshold, told.band) == (
        "credit-scorer:test",
        1 / 11,
        (0.45, 0.55),
    )
    assert told.automation == "advisory"
    assert {feature.name for feature in told.features} == set(CATALOGUE)
    importances = [feature.importance for feature in told.features]
    assert importances == sorted(importances, reverse=True)
    assert importances[0] > 0
