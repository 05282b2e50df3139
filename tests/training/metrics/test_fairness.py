"""Test the audit of groups: its metrics, the groups it leaves out, and the gates that warn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from credit.decision import Outcome
from credit.features import CATALOGUE, COLUMNS
from credit.policy import Policy
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.raw_tables.tables import read_tables
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import make_table_frames, write_tables
from tests.training.conftest import run_gate
from training.data.dataset import Labels
from training.gates import EvaluationResult, Verdict
from training.metrics.fairness import MIN_CLIENTS_PER_GROUP, FairnessAudit, audit_groups

CLIENTS = 3_000


@pytest.fixture(scope="module")
def dossiers(tmp_path_factory: pytest.TempPathFactory) -> DossierFile:
    """Men and women of all ages, and a few of another sex."""
    people = make_random_dossiers(CLIENTS, seed=3)
    rng = np.random.default_rng(3)
    for index, person in enumerate(people):
        form = person["application"]
        form["CODE_GENDER"] = "XNA" if index < 20 else rng.choice(["F", "M"])
        form["DAYS_BIRTH"] = int(-rng.integers(19 * 366, 70 * 365))
    folder = tmp_path_factory.mktemp("people")
    write_tables(folder, make_table_frames(people, labels=rng.integers(0, 2, CLIENTS)))
    group_into_dossiers(
        read_tables(folder, labelled=True, cache=folder / "cache"), folder / "d.parquet"
    )
    return DossierFile(folder / "d.parquet")


def of(matches: tuple[FairnessAudit, ...], attribute: str) -> FairnessAudit:
    [item] = [audit for audit in matches if audit.attribute == attribute]
    return item


def sample_labels(dossiers: DossierFile, risks: np.ndarray) -> Labels:
    late: Labels = (np.random.default_rng(4).random(len(dossiers)) < risks).astype(np.int8)
    return late


def test_a_model_blind_to_sex_treats_both_alike(dossiers: DossierFile, policy: Policy) -> None:
    risks = np.random.default_rng(5).uniform(0, 0.3, CLIENTS)
    sex = of(audit_groups(dossiers, sample_labels(dossiers, risks), risks, policy, seed=0), "sex")
    for item in sex.groups:
        assert item.approval_ratio.value > 0.85
        assert item.calibration.interval.low < 0.05
        assert item.calibration.interval.high > -0.05
        low, high = item.approval.interval
        assert low < item.approval.value < high
        assert high - low < 0.1


def test_each_metric_is_what_its_name_states(dossiers: DossierFile, policy: Policy) -> None:
    risks = np.random.default_rng(6).uniform(0, 0.3, CLIENTS)
    labels = sample_labels(dossiers, risks)
    women = np.array([word == "F" for word in dossiers.read_column("CODE_GENDER")])
    outcomes = np.array([policy.propose_outcome(risk) for risk in risks.tolist()])
    [group_] = [
        item
        for item in of(audit_groups(dossiers, labels, risks, policy, seed=0), "sex").groups
        if item.name == "F"
    ]
    declined = outcomes == Outcome.DECLINE
    assert group_.clients == women.sum()
    assert group_.approval.value == pytest.approx((outcomes[women] == Outcome.APPROVE).mean())
    assert group_.true_refusal.value == pytest.approx(declined[women & (labels == 1)].mean())
    assert group_.false_refusal.value == pytest.approx(declined[women & (labels == 0)].mean())


def test_groups_of_all_sizes_use_the_same_number_of_resamples(
    dossiers: DossierFile, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer resamples are sample_labels of many clients: of all groups as many then."""
    risks = np.random.default_rng(5).uniform(0, 0.3, CLIENTS)
    labels = sample_labels(dossiers, risks)
    before = of(audit_groups(dossiers, labels, risks, policy, seed=0), "sex").groups
    assert len({group.clients for group in before}) > 1
    monkeypatch.setattr(
        "training.metrics.bootstrap.LARGE_SAMPLE_CLIENTS", min(group.clients for group in before)
    )
    results = of(audit_groups(dossiers, labels, risks, policy, seed=0), "sex").groups
    assert all(np.isfinite(group.approval_ratio.interval).all() for group in results)


def test_small_groups_are_counted_and_not_reported(dossiers: DossierFile, policy: Policy) -> None:
    risks = np.full(CLIENTS, 0.1)
    sex = of(audit_groups(dossiers, sample_labels(dossiers, risks), risks, policy, seed=0), "sex")
    assert {item.name for item in sex.groups} == {"F", "M"}
    assert sex.unaudited_clients == 20
    assert min(item.clients for item in sex.groups) >= MIN_CLIENTS_PER_GROUP


def test_ages_are_grouped_by_the_bands_of_the_policy(
    dossiers: DossierFile, policy: Policy
) -> None:
    risks = np.full(CLIENTS, 0.1)
    age = of(audit_groups(dossiers, sample_labels(dossiers, risks), risks, policy, seed=0), "age")
    names = ["under 25", "25 to 34", "35 to 44", "45 to 54", "55 to 61", "62 and over"]
    assert [item.name for item in age.groups] == names
    assert age.unaudited_clients == 0


def test_a_group_with_far_fewer_approvals_gets_a_warning(
    dossiers: DossierFile, policy: Policy, evidence: EvaluationResult
) -> None:
    men = np.array([word == "M" for word in dossiers.read_column("CODE_GENDER")])
    risks = np.where(men, 0.2, 0.02)
    matches = audit_groups(dossiers, sample_labels(dossiers, risks), risks, policy, seed=0)
    finding = run_gate("CRG114", replace(evidence, audits=matches))
    assert finding.verdict is Verdict.WARNS
    assert "sex M: approved 0.00 times as often" in finding.message
    assert "European Union, United States" in finding.message
    assert run_gate("CRG115", replace(evidence, audits=matches)).verdict is Verdict.PASSES


def test_a_miscalibrated_group_gets_a_warning(
    dossiers: DossierFile, policy: Policy, evidence: EvaluationResult
) -> None:
    men = np.array([word == "M" for word in dossiers.read_column("CODE_GENDER")])
    labels = sample_labels(dossiers, np.where(men, 0.3, 0.1))
    matches = audit_groups(dossiers, labels, np.full(CLIENTS, 0.1), policy, seed=0)
    finding = run_gate("CRG115", replace(evidence, audits=matches))
    assert finding.verdict is Verdict.WARNS
    assert "sex M: calibration +1." in finding.message
    assert run_gate("CRG114", replace(evidence, audits=matches)).verdict is Verdict.PASSES


def test_without_groups_to_compare_the_gates_do_not_apply(evidence: EvaluationResult) -> None:
    no_clients = replace(evidence, audits=())
    assert run_gate("CRG114", no_clients).verdict is Verdict.NOT_APPLICABLE
    assert run_gate("CRG115", no_clients).verdict is Verdict.NOT_APPLICABLE


def test_sex_is_read_for_the_audit_and_never_for_the_matrix(policy: Policy) -> None:
    assert "CODE_GENDER" not in COLUMNS["application"]
    assert not policy.excluded_columns & frozenset().union(
        *(f.sources for f in CATALOGUE.values())
    )
