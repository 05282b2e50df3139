"""When each code is reported, and when not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from credit.scorer import Scorer
from monitoring.comparison import DriftResult, compare_samples
from monitoring.drift_checks import DriftFinding, Severity, collect_findings
from tests.support.example_dossiers import Dossier
from tests.support.monitoring.drift_samples import (
    Change,
    change_all,
    change_every,
    make_applicants,
    make_sample,
)
from tests.support.random_dossiers import make_random_dossiers

DOCUMENTS = [f"FLAG_DOCUMENT_{number}" for number in range(2, 22)]


@pytest.fixture
def compare(champion: Scorer, training_clients: list[Dossier]) -> Any:
    """Compare the training clients with new ones, changed as given."""
    reference = make_sample(training_clients, champion)

    def compare_changed(change: Change | None = None, count: int = 400) -> DriftResult:
        current = make_applicants(count, seed=12, change=change)
        return compare_samples(reference, make_sample(current, champion))

    return compare_changed


def findings_with_code(code: str, drift: DriftResult) -> list[DriftFinding]:
    return [finding for finding in collect_findings(drift) if finding.code == code]


def test_two_samples_of_one_population_give_no_finding(compare: Any) -> None:
    drift = compare()
    assert collect_findings(drift) == []
    assert drift.drifted_columns == ()
    assert len(drift.columns) == 120 + 1 + len(drift.reference.features)


def test_mon101_names_the_column_and_its_largest_shift(compare: Any) -> None:
    drift = compare(change_every(2, NAME_CONTRACT_TYPE="Revolving loans"))
    [finding] = findings_with_code("MON101", drift)
    assert finding.message.startswith("NAME_CONTRACT_TYPE: PSI 0.")
    assert "NAME_CONTRACT_TYPE" in finding.what_to_do
    assert [column.column for column in drift.drifted_columns] == ["NAME_CONTRACT_TYPE"]


def test_mon101_is_graded_by_the_customary_thresholds(compare: Any) -> None:
    slight = compare(change_every(7, AMT_CREDIT=1e6))
    strong = compare(change_all(AMT_CREDIT=1e6))
    [first], [second] = findings_with_code("MON101", slight), findings_with_code("MON101", strong)
    assert (first.severity, second.severity) == (Severity.WARNING, Severity.ISSUE)


def test_mon102_is_reported_when_a_quarter_of_the_columns_drifted(compare: Any) -> None:
    some_drifted = compare(change_every(2, **dict.fromkeys(DOCUMENTS, 0.0)))
    all_drifted = compare(change_every(2, **dict.fromkeys(some_drifted.current.application, None)))
    assert not findings_with_code("MON102", some_drifted)
    [finding] = findings_with_code("MON102", all_drifted)
    assert finding.message.startswith("120 of 120 application columns drifted")


def test_mon103_states_the_mean_risks(compare: Any) -> None:
    drift = compare(change_all(EXT_SOURCE_1=0.02, EXT_SOURCE_2=0.02, EXT_SOURCE_3=0.02))
    [finding] = findings_with_code("MON103", drift)
    assert finding.severity is Severity.ISSUE
    assert (
        f"{drift.reference.risk.mean():.2%} → {drift.current.risk.mean():.2%}" in finding.message
    )
    assert drift.current.risk.mean() > drift.reference.risk.mean()


def test_mon104_is_reported_when_values_become_unknown(compare: Any) -> None:
    [half_unknown] = findings_with_code("MON104", compare(change_every(2, EXT_SOURCE_2=None)))
    [all_unknown] = findings_with_code("MON104", compare(change_all(EXT_SOURCE_2=None)))
    assert "EXT_SOURCE_2: missing" in half_unknown.message
    assert (half_unknown.severity, all_unknown.severity) == (Severity.WARNING, Severity.ISSUE)


def test_mon105_names_common_new_categories_and_counts_rare_ones(compare: Any) -> None:
    rare = {3: "loan of J. Doe", 5: "loan of A. Roe"}

    def change(index: int) -> dict[str, str]:
        return {"NAME_TYPE_SUITE": rare.get(index, "Robot" if index < 50 else "a")}

    drift = compare(change)
    [finding] = findings_with_code("MON105", drift)
    assert "'Robot' (48), 2 words of fewer than 30 clients each (2)" in finding.message
    assert "Doe" not in str(collect_findings(drift))


def test_mon105_ignores_sentinels_for_unknown(compare: Any) -> None:
    assert not findings_with_code("MON105", compare(change_all(CODE_GENDER="XNA")))


def test_mon106_is_reported_below_fifty_clients_and_nothing_else_is(compare: Any) -> None:
    drift = compare(change_all(AMT_CREDIT=1e6), count=49)
    [finding] = collect_findings(drift)
    assert finding.code == "MON106"
    assert finding.message.startswith("49 clients on the current side")
    assert not drift.drifted_columns


def test_mon107_is_reported_for_decisions_of_another_model(compare: Any) -> None:
    drift = compare()
    model_counts = {"credit-scorer:0": 100, "credit-scorer:1": 300}
    current = replace(drift.current, model_counts=model_counts)
    [finding] = findings_with_code("MON107", replace(drift, current=current))
    assert "100 of 400" in finding.message
    assert "credit-scorer:0" in finding.message


def test_mon108_is_reported_when_one_sample_lacks_a_history(champion: Scorer) -> None:
    clients = make_random_dossiers(150, seed=13)
    without = [{"application": client["application"]} for client in clients]
    drift = compare_samples(make_sample(clients, champion), make_sample(without, champion))
    findings = findings_with_code("MON108", drift)
    assert len(findings) == 6
    assert "→ 0.0%" in findings[0].message


def test_the_most_severe_findings_come_first(compare: Any) -> None:
    change_credit = change_every(7, AMT_CREDIT=1e6)
    drift = compare(lambda index: {**change_credit(index), "EXT_SOURCE_1": None})
    grades = [list(Severity).index(finding.severity) for finding in collect_findings(drift)]
    assert grades == sorted(grades)
    assert len(set(grades)) > 1
