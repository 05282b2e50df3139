"""Each gate can pass and can fail, on the evidence of a real training made wrong in one place."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import lightgbm as lgb
import numpy as np
import pytest

from credit.dossier import Document, Floats
from credit.features import CATALOGUE, Matrix
from credit.reference_population import Distribution
from credit.scorer import Scorer
from stores.dossiers.parquet import DossierFile
from tests.training.conftest import Laboratory, find_finding, run_gate
from training.evaluation.champion import Champion
from training.evaluation.omissions import try_training_omissions
from training.gates import GATES, EvaluationResult, Verdict, blocking_codes, run_gates
from training.gates.behaviour import _compute_shift
from training.pipeline import TrainingOutcome


def test_the_policy_sets_every_gate_and_no_other(evidence: EvaluationResult) -> None:
    codes = [gate.code for gate in GATES]
    assert codes == sorted(set(codes))
    assert [limit.code for limit in evidence.policy.gates] == codes


def test_fairness_and_latency_warn_and_all_other_gates_block(
    evidence: EvaluationResult,
) -> None:
    warning = {limit.code for limit in evidence.policy.gates if not limit.blocks}
    assert warning == {"CRG107", "CRG114", "CRG115", "CRG116"}


def test_a_sound_model_passes(first: TrainingOutcome) -> None:
    assert first.blocking_codes == ()
    assert first.clients > 0
    verdicts = {item.code: item.verdict for item in first.findings}
    passing = {"CRG102", "CRG103", "CRG104", "CRG105", "CRG106", "CRG108", "CRG109", "CRG110"}
    passing |= {"CRG111", "CRG112"}
    assert {code for code in passing if verdicts[code] is not Verdict.PASSES} == set()


def test_without_a_champion_its_gates_do_not_apply(first: TrainingOutcome) -> None:
    for code in ("CRG101", "CRG113"):
        assert find_finding(first, code).verdict is Verdict.NOT_APPLICABLE
        assert find_finding(first, code).message == "no model was promoted before"


def test_the_same_training_again_is_as_good_as_its_champion(
    laboratory: Laboratory, first: TrainingOutcome
) -> None:
    people = laboratory.people()
    again = laboratory.train(people, laboratory.labels(people))
    assert first.tag != again.tag
    assert again.blocking_codes == ()
    assert find_finding(again, "CRG101").verdict is Verdict.PASSES
    assert find_finding(again, "CRG101").value == 0.0
    assert (find_finding(again, "CRG113").value or 0.0) < 0.01


def test_a_fold_with_an_inverted_ranking_is_noticed(evidence: EvaluationResult) -> None:
    oof_risk = evidence.trained_model.oof_risk.copy()
    oof_risk[evidence.trained_model.fold == 2] *= -1
    finding = run_gate(
        "CRG109",
        replace(evidence, trained_model=replace(evidence.trained_model, oof_risk=oof_risk)),
    )
    assert finding.verdict is Verdict.REFUSES


def test_miscalibration_by_known_histories_gets_a_warning(evidence: EvaluationResult) -> None:
    odds = evidence.trained_model.oof_masked / (1 - evidence.trained_model.oof_masked) / 20
    wrong = replace(evidence.trained_model, oof_masked=odds / (1 + odds))
    finding = run_gate("CRG107", replace(evidence, trained_model=wrong))
    assert finding.verdict is Verdict.WARNS
    assert "some histories +" in finding.message


def test_a_slow_scorer_gets_a_warning(
    evidence: EvaluationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Scorer.build_features

    def slow(self: Scorer, documents: list[Document]) -> Matrix:
        end = process_time() + 0.02
        while process_time() < end:
            pass
        return quick(self, documents)

    monkeypatch.setattr(Scorer, "build_features", slow)
    assert run_gate("CRG116", evidence).verdict is Verdict.WARNS


def test_a_request_that_the_contract_rejects_is_a_difference(
    evidence: EvaluationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misspelt(_: EvaluationResult) -> list[tuple[int, str]]:
        return [(0, '{"application": {"AMT_CREDT": 1}}')]

    monkeypatch.setattr(EvaluationResult, "sample_documents", misspelt)
    finding = run_gate("CRG112", evidence)
    assert finding.verdict is Verdict.REFUSES
    assert "application.AMT_CREDT" in finding.message


def test_explanations_of_another_model_are_noticed(evidence: EvaluationResult) -> None:
    skewed = evidence.explanation_sample.contributions * 1.001
    explained = replace(evidence.explanation_sample, contributions=skewed)
    assert (
        run_gate("CRG111", replace(evidence, explanation_sample=explained)).verdict
        is Verdict.REFUSES
    )


def test_a_gate_set_to_warn_refuses_no_model(evidence: EvaluationResult) -> None:
    limits = tuple(limit.model_copy(update={"blocks": False}) for limit in evidence.policy.gates)
    lenient = replace(evidence, policy=evidence.policy.model_copy(update={"gates": limits}))
    chance = replace(
        lenient,
        trained_model=replace(
            evidence.trained_model, oof_risk=evidence.trained_model.oof_risk[::-1]
        ),
    )
    findings = run_gates(chance)
    assert findings[0].verdict is Verdict.WARNS
    assert blocking_codes(findings) == ()


def spread(matrix_values: Floats) -> Distribution:
    known = matrix_values[~np.isnan(matrix_values)]
    quantiles = tuple(np.quantile(known, np.linspace(0, 1, 21)).tolist())
    unknown = (len(matrix_values) - len(known),)
    return Distribution(counts=(((len(known), 0),),), unknown=unknown, quantiles=quantiles)


def test_a_distribution_has_distance_zero_from_itself() -> None:
    rng = np.random.default_rng(0)
    for matrix_values in (
        rng.normal(size=999),
        rng.integers(0, 2, 999).astype(float),
        np.zeros(9),
    ):
        assert _compute_shift(spread(matrix_values), matrix_values) < 0.01


def test_a_unit_a_thousand_times_larger_shifts_all_clients() -> None:
    amounts = np.random.default_rng(0).uniform(100, 200, 999)
    assert _compute_shift(spread(amounts), amounts * 1_000) == 1.0
    assert _compute_shift(spread(amounts), amounts / 365) == 1.0


def test_a_vanished_source_shifts_the_clients_that_had_it() -> None:
    amounts = np.random.default_rng(0).uniform(100, 200, 999)
    half = np.where(np.arange(999) % 2, amounts, np.nan)
    assert _compute_shift(spread(amounts), np.full(5, np.nan)) == 1.0
    assert _compute_shift(spread(half), np.full(5, np.nan)) == pytest.approx(0.5, abs=0.001)
    assert _compute_shift(spread(amounts), half) == pytest.approx(0.5, abs=0.001)
    assert _compute_shift(spread(half), half) < 0.01


def champion_of(evidence: EvaluationResult, *, synthetic: bool = False) -> EvaluationResult:
    """Return the evaluation with a champion that was trained on the same clients."""
    champion = Champion(
        version="before",
        risks=evidence.trained_model.oof_risk,
        population=evidence.scorer.metadata.population,
        synthetic=synthetic,
    )
    return replace(evidence, champion=champion)


def blank(evidence: EvaluationResult, *tables: str) -> EvaluationResult:
    """Return the evaluation of the same clients with some tables unknown."""
    gone = [any(s.partition(".")[0] in tables for s in f.sources) for f in CATALOGUE.values()]
    matrix = np.where(gone, np.float32(np.nan), evidence.matrix)
    return replace(evidence, matrix=matrix)


def test_a_vanished_history_is_refused_categories_included(evidence: EvaluationResult) -> None:
    as_before = champion_of(evidence)
    assert run_gate("CRG113", as_before).verdict is Verdict.PASSES
    finding = run_gate("CRG113", blank(as_before, "bureau"))
    assert finding.verdict is Verdict.REFUSES
    assert "unknown of 100%" in finding.message
    form = run_gate("CRG113", blank(as_before, "application"))
    assert form.verdict is Verdict.REFUSES
    assert form.value is not None
    assert form.value > 0.8


def test_a_history_without_a_file_is_absent_and_not_gone(
    evidence: EvaluationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DossierFile, "absent_histories", ("bureau", "bureau_balance"))
    unknown = blank(champion_of(evidence), "bureau")
    assert run_gate("CRG113", unknown).verdict is Verdict.PASSES


def test_a_new_history_is_not_a_shift(evidence: EvaluationResult) -> None:
    """As when a lender's first model knew the form alone."""
    spreads = {
        name: no_clients(item)
        if any(source.startswith("bureau.") for source in CATALOGUE[name].sources)
        else item
        for name, item in evidence.scorer.metadata.population.spreads.items()
    }
    before = champion_of(evidence)
    assert before.champion is not None
    population = before.champion.population.model_copy(update={"spreads": spreads})
    fewer = replace(before, champion=replace(before.champion, population=population))
    assert run_gate("CRG113", fewer).verdict is Verdict.PASSES


def no_clients(spread: Distribution) -> Distribution:
    """As it is kept of a feature that was known of no client."""
    return Distribution(counts=(((0, 0),),), unknown=(1,), words=spread.words)


def test_real_clients_are_not_compared_with_synthetic_ones(evidence: EvaluationResult) -> None:
    finding = run_gate("CRG113", blank(champion_of(evidence, synthetic=True), "bureau"))
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "synthetic" in finding.message


def test_no_omission_of_a_stated_column_gains_anything(evidence: EvaluationResult) -> None:
    finding = run_gate("CRG117", evidence)
    assert finding.verdict is Verdict.PASSES
    assert finding.value == 0
    trial = try_training_omissions(evidence)
    assert trial.clients >= 200
    assert trial.omissions > 10 * trial.clients


def test_omissions_are_found_where_no_rule_asks_for_the_column(evidence: EvaluationResult) -> None:
    metadata = evidence.scorer.metadata.model_copy(update={"commonly_stated": ()})
    scorer = Scorer(evidence.scorer.model_text, metadata, version="forgetful")
    finding = run_gate("CRG117", replace(evidence, scorer=scorer))
    assert finding.verdict is Verdict.REFUSES
    assert finding.value is not None
    assert finding.value > 0
    assert "approved (" in finding.message


def test_a_model_that_reads_unknown_as_zero_is_refused(evidence: EvaluationResult) -> None:
    assert run_gate("CRG118", evidence).verdict is Verdict.PASSES
    columns = np.flatnonzero(~np.isnan(evidence.matrix).any(axis=0))
    matrix = np.zeros_like(evidence.matrix)
    matrix[:, columns] = evidence.matrix[:, columns]
    labels = evidence.training_set.labels.astype(np.float64)
    data = lgb.Dataset(matrix, labels, feature_name=list(CATALOGUE))
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 20)
    metadata = evidence.scorer.metadata.model_copy(update={"commonly_stated": ()})
    scorer = Scorer(booster.model_to_string(), metadata, version="reads unknown as 0")
    finding = run_gate("CRG118", replace(evidence, scorer=scorer))
    assert finding.verdict is Verdict.REFUSES
    covered = metadata.model_copy(
        update={"commonly_stated": evidence.scorer.metadata.commonly_stated}
    )
    scorer = Scorer(booster.model_to_string(), covered, version="requires them")
    value = run_gate("CRG118", replace(evidence, scorer=scorer)).value
    assert value is not None
    assert value < (finding.value or 0)
