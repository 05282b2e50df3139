"""The scorer: which models it takes, what it refuses, and that its numbers are the booster's."""

from __future__ import annotations

import json
import re

import lightgbm as lgb
import numpy as np
import pytest
import shap
from pydantic import ValidationError

from credit.dossier import CategoricalColumn
from credit.errors import ImpossibleRisk, ModelMismatch
from credit.features import CATALOGUE, CategoryEncoder
from credit.scorer import ModelMetadata, Scorer
from tests.support.example_dossiers import Dossier, make_applicant
from training.model.trainer import TrainedModel


def test_a_model_of_other_features_is_refused_and_they_are_named(
    fitted: TrainedModel, scorer: Scorer
) -> None:
    columns = [*scorer.metadata.features[1:], "shoe_size"]
    facts = scorer.metadata.model_copy(update={"features": tuple(columns)})
    with pytest.raises(ModelMismatch, match=r"not built here: \['shoe_size'\]") as refused:
        Scorer(fitted.booster.model_to_string(), facts, version="credit-scorer:9")
    assert f"new here: ['{next(iter(CATALOGUE))}']" in str(refused.value)
    assert "credit-scorer:9" in str(refused.value)


def test_a_model_of_the_same_features_in_another_order_is_refused(
    fitted: TrainedModel, scorer: Scorer
) -> None:
    facts = scorer.metadata.model_copy(update={"features": scorer.metadata.features[::-1]})
    with pytest.raises(ModelMismatch):
        Scorer(fitted.booster.model_to_string(), facts, version="credit-scorer:9")


def test_metadata_survives_json(scorer: Scorer) -> None:
    assert ModelMetadata.model_validate_json(scorer.metadata.model_dump_json()) == scorer.metadata
    with pytest.raises(ValidationError, match="extra"):
        ModelMetadata.model_validate({**json.loads(scorer.metadata.model_dump_json()), "more": 1})


def test_a_model_survives_its_text(
    scorer: Scorer, fitted: TrainedModel, people: list[Dossier]
) -> None:
    matrix = scorer.build_features(people)
    again = Scorer(fitted.booster.model_to_string(), scorer.metadata, version="again")
    assert again.predict_risk(matrix).tolist() == scorer.predict_risk(matrix).tolist()
    assert (
        scorer.predict_risk(matrix).tolist() == np.asarray(fitted.booster.predict(matrix)).tolist()
    )


def counting_from_one(booster: lgb.Booster) -> lgb.Booster:
    """The same trees for categories numbered from 1 on: shap 0.51 reads no category 0.

    A split on categories holds a bit for each in a word of 32; these have few.
    """

    def shifted(line: re.Match[str]) -> str:
        words = [int(word) << 1 for word in line["words"].split()]
        assert max(words) < 2**31
        return f"cat_threshold={' '.join(map(str, words))}"

    text = re.sub(
        "^cat_threshold=(?P<words>.+)$", shifted, booster.model_to_string(), flags=re.MULTILINE
    )
    return lgb.Booster(model_str=text)


@pytest.mark.filterwarnings("ignore:LightGBM binary classifier:UserWarning")
def test_contributions_are_those_of_shap(
    scorer: Scorer, fitted: TrainedModel, people: list[Dossier]
) -> None:
    explainer = shap.TreeExplainer(counting_from_one(fitted.booster))
    explainer.model.model_type = "internal"  # otherwise it would call LightGBM itself
    matrix = scorer.build_features(people)
    words = np.array([feature.is_categorical for feature in CATALOGUE.values()])
    ours, theirs = scorer.predict_contributions(matrix), explainer.shap_values(matrix + words)
    assert np.abs(ours[:, :-1]).max() > 0.1
    assert np.abs(ours[:, :-1] - theirs).max() < 1e-6
    assert abs(ours[0, -1] - explainer.expected_value) < 1e-6


def test_a_prediction_that_is_not_a_probability_is_an_error(scorer: Scorer) -> None:
    rng = np.random.default_rng(0)
    data = lgb.Dataset(
        rng.normal(size=(100, len(CATALOGUE))),
        rng.normal(-5, size=100),
        feature_name=list(CATALOGUE),
    )
    regression = lgb.train({"objective": "regression", "verbosity": -1, "num_threads": 1}, data, 2)
    other = Scorer(regression.model_to_string(), scorer.metadata, version="no classifier")
    with pytest.raises(ImpossibleRisk, match="no classifier returned"):
        other.predict_risk(rng.normal(size=(50, len(CATALOGUE))).astype(np.float32) * 10)


def test_the_risk_falls_as_external_scores_rise(scorer: Scorer) -> None:
    steps = np.linspace(0, 1, 11)
    people = [
        make_applicant(EXT_SOURCE_1=step, EXT_SOURCE_2=step, EXT_SOURCE_3=step) for step in steps
    ]
    risks = scorer.predict_risk(scorer.build_features(people))
    assert (np.diff(risks) <= 0).all()
    assert risks[0] > 2 * risks[-1]


def test_sex_changes_no_risk(scorer: Scorer, people: list[Dossier]) -> None:
    reference_values = scorer.predict_risk(scorer.build_features(people))
    for sex in ("F", "M", "XNA", None):
        other_rows = [
            {**person, "application": {**person["application"], "CODE_GENDER": sex}}
            for person in people
        ]
        assert (
            scorer.predict_risk(scorer.build_features(other_rows)).tolist()
            == reference_values.tolist()
        )


def test_the_identity_of_a_client_changes_no_risk(scorer: Scorer) -> None:
    named = [make_applicant(SK_ID_CURR=client) for client in (None, 1, 2**53)]
    risks = scorer.predict_risk(scorer.build_features(named)).tolist()
    assert len(set(risks)) == 1


def test_contributions_do_not_depend_on_neighbours(scorer: Scorer, people: list[Dossier]) -> None:
    matrix = scorer.build_features(people[:20])
    alone = [scorer.predict_contributions(row.reshape(1, -1))[0] for row in matrix]
    assert np.array_equal(scorer.predict_contributions(matrix), np.stack(alone))


def test_a_feature_that_no_tree_uses_contributes_nothing(
    scorer: Scorer, fitted: TrainedModel, people: list[Dossier]
) -> None:
    unused = fitted.booster.feature_importance("split") == 0
    results = scorer.predict_contributions(scorer.build_features(people))[:, :-1]
    assert unused.any()
    assert not results[:, unused].any()
    assert results[:, ~unused].any(axis=0).sum() > 10


def test_frequent_categories_are_learnt_most_frequent_first_and_rare_ones_are_not() -> None:
    words = CategoricalColumn.from_values(
        ["b"] * 30 + ["a"] * 30 + ["often"] * 31 + ["rare"] * 29 + [None], frozenset()
    )
    learnt = CategoryEncoder.fit({"letter": words})
    assert learnt.categories == {"letter": ("often", "a", "b")}
    codes = learnt.encode(
        "letter", CategoricalColumn.from_values(["b", "rare", None, "often"], frozenset())
    )
    assert codes[[0, 3]].tolist() == [2, 0]
    assert np.isnan(codes[[1, 2]]).all()
    assert learnt.decode("letter", 2.0) == "b"
    assert learnt.decode("letter", float("nan")) is None


def test_concatenated_categories_keep_their_values() -> None:
    parts: list[list[str | None]] = [["a", None], [], ["b", "a"]]
    joined = CategoricalColumn.concat(
        [CategoricalColumn.from_values(part, frozenset()) for part in parts]
    )
    results = [None if code < 0 else joined.categories[code] for code in joined.codes]
    assert results == ["a", None, "b", "a"]
