"""Each gate can pass and can fail, on the evidence of a real training made wrong in one place."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import numpy as np
import pytest

from credit.dossier import Document, Floats
from credit.features import Matrix
from credit.population import Spread
from credit.scorer import Scorer
from tests.training.conftest import Laboratory, found, judged
from training.evaluate import patterns
from training.gates import GATES, Evidence, Verdict, judge, refusing
from training.gates.conduct import _moved
from training.run import Trained


def test_the_policy_sets_every_gate_and_no_other(evidence: Evidence) -> None:
    codes = [gate.code for gate in GATES]
    assert codes == sorted(set(codes))
    assert [limit.code for limit in evidence.policy.gates] == codes


def test_fairness_and_time_warn_and_what_makes_a_model_wrong_blocks(evidence: Evidence) -> None:
    warning = {limit.code for limit in evidence.policy.gates if not limit.blocks}
    assert warning == {"CRG107", "CRG114", "CRG115", "CRG116"}


def test_a_sound_model_passes(first: Trained) -> None:
    assert first.refused == ()
    assert first.clients > 0
    verdicts = {one.code: one.verdict for one in first.findings}
    passing = {"CRG102", "CRG103", "CRG104", "CRG105", "CRG106", "CRG108", "CRG109", "CRG110"}
    passing |= {"CRG111", "CRG112"}
    assert {code for code in passing if verdicts[code] is not Verdict.PASSES} == set()


def test_without_a_champion_its_gates_do_not_apply(first: Trained) -> None:
    for code in ("CRG101", "CRG113"):
        assert found(first, code).verdict is Verdict.NOT_APPLICABLE
        assert found(first, code).message == "no model was promoted before"


def test_the_same_training_again_is_as_good_as_its_champion(
    laboratory: Laboratory, first: Trained
) -> None:
    people = laboratory.people()
    again = laboratory.train(people, laboratory.labels(people))
    assert first.tag != again.tag
    assert again.refused == ()
    assert found(again, "CRG101").verdict is Verdict.PASSES
    assert found(again, "CRG101").value == 0.0
    assert (found(again, "CRG113").value or 0.0) < 0.01


def test_a_fold_that_ranks_the_other_way_is_seen(evidence: Evidence) -> None:
    unseen = evidence.fitted.unseen.copy()
    unseen[evidence.fitted.fold == 2] *= -1
    finding = judged("CRG109", replace(evidence, fitted=replace(evidence.fitted, unseen=unseen)))
    assert finding.verdict is Verdict.REFUSES


def test_clients_of_some_histories_told_wrongly_are_warned_of(evidence: Evidence) -> None:
    some = patterns(evidence.material.known)["some_histories"]
    odds = evidence.fitted.unseen / (1 - evidence.fitted.unseen)
    odds = np.where(some, odds / 20, odds)
    wrong = replace(evidence.fitted, unseen=odds / (1 + odds))
    finding = judged("CRG107", replace(evidence, fitted=wrong))
    assert finding.verdict is Verdict.WARNS
    assert "some histories +" in finding.message


def test_a_slow_scorer_is_warned_of(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Scorer.features

    def slow(self: Scorer, documents: list[Document]) -> Matrix:
        end = process_time() + 0.02
        while process_time() < end:
            pass
        return quick(self, documents)

    monkeypatch.setattr(Scorer, "features", slow)
    assert judged("CRG116", evidence).verdict is Verdict.WARNS


def test_a_request_the_contract_refuses_is_a_difference(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misspelt(_: Evidence) -> list[tuple[int, str]]:
        return [(0, '{"application": {"AMT_CREDT": 1}}')]

    monkeypatch.setattr(Evidence, "documents", misspelt)
    finding = judged("CRG112", evidence)
    assert finding.verdict is Verdict.REFUSES
    assert "application.AMT_CREDT" in finding.message


def test_explanations_of_another_model_are_seen(evidence: Evidence) -> None:
    skewed = evidence.explained.contributions * 1.001
    explained = replace(evidence.explained, contributions=skewed)
    assert judged("CRG111", replace(evidence, explained=explained)).verdict is Verdict.REFUSES


def test_a_gate_that_the_policy_lets_warn_refuses_nobody(evidence: Evidence) -> None:
    limits = tuple(limit.model_copy(update={"blocks": False}) for limit in evidence.policy.gates)
    lenient = replace(evidence, policy=evidence.policy.model_copy(update={"gates": limits}))
    chance = replace(lenient, fitted=replace(evidence.fitted, unseen=evidence.fitted.unseen[::-1]))
    findings = judge(chance)
    assert findings[0].verdict is Verdict.WARNS
    assert refusing(findings) == ()


def spread(cells: Floats) -> Spread:
    quantiles = tuple(np.quantile(cells, np.linspace(0, 1, 21)).tolist())
    return Spread(counts=(((1, 0),),), unknown=(0,), quantiles=quantiles)


def test_a_distribution_is_as_far_from_itself_as_nothing() -> None:
    rng = np.random.default_rng(0)
    for cells in (rng.normal(size=999), rng.integers(0, 2, 999).astype(float), np.zeros(9)):
        assert _moved(spread(cells), cells) < 0.01


def test_a_unit_a_thousand_times_larger_moves_everyone() -> None:
    amounts = np.random.default_rng(0).uniform(100, 200, 999)
    assert _moved(spread(amounts), amounts * 1_000) == 1.0
    assert _moved(spread(amounts), amounts / 365) == 1.0
    assert _moved(spread(amounts), np.full(5, np.nan)) == 0.0
