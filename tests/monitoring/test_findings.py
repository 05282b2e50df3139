"""Each code, where it must be found and where not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from credit.dossier import DossierBatch
from credit.scorer import Scorer
from monitoring.comparison import DriftResult, compare_samples
from monitoring.findings import Finding, Severity, collect_findings
from monitoring.sample import MAX_SAMPLE_CLIENTS, REQUIRED_COLUMNS, draw_sample_rows
from tests.monitoring.made import Change, applicants, every, everyone, side
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import make_random_dossiers

DOCUMENTS = [f"FLAG_DOCUMENT_{number}" for number in range(2, 22)]


@pytest.fixture
def now(champion: Scorer, then: list[Dossier]) -> Any:
    """Compares the training clients with others, who differ as told."""
    before = side(then, champion)

    def compared(change: Change | None = None, count: int = 400) -> DriftResult:
        return compare_samples(before, side(applicants(count, seed=12, change=change), champion))

    return compared


def of(code: str, drift: DriftResult) -> list[Finding]:
    return [finding for finding in collect_findings(drift) if finding.code == code]


def test_two_samples_of_one_population_give_no_finding(now: Any) -> None:
    drift = now()
    assert collect_findings(drift) == []
    assert drift.drifted == ()
    assert len(drift.columns) == 120 + 1 + len(drift.reference.features)


def test_mon101_names_the_column_and_what_moved_in_it(now: Any) -> None:
    drift = now(every(2, NAME_CONTRACT_TYPE="Revolving loans"))
    [finding] = of("MON101", drift)
    assert finding.message.startswith("NAME_CONTRACT_TYPE: PSI 0.")
    assert "NAME_CONTRACT_TYPE" in finding.what_to_do
    assert [column.column for column in drift.drifted] == ["NAME_CONTRACT_TYPE"]


def test_mon101_is_graded_by_the_customary_marks(now: Any) -> None:
    slightly = now(every(7, AMT_CREDIT=1e6))
    wholly = now(everyone(AMT_CREDIT=1e6))
    [one], [other] = of("MON101", slightly), of("MON101", wholly)
    assert (one.severity, other.severity) == (Severity.WARNING, Severity.ISSUE)


def test_mon102_when_a_quarter_of_the_columns_drifted(now: Any) -> None:
    few = now(every(2, **dict.fromkeys(DOCUMENTS, 0.0)))
    many = now(every(2, **dict.fromkeys(few.current.application, None)))
    assert not of("MON102", few)
    [finding] = of("MON102", many)
    assert finding.message.startswith("120 of 120 application columns drifted")


def test_mon103_gives_the_mean_risks(now: Any) -> None:
    drift = now(everyone(EXT_SOURCE_1=0.02, EXT_SOURCE_2=0.02, EXT_SOURCE_3=0.02))
    [finding] = of("MON103", drift)
    assert finding.severity is Severity.ISSUE
    assert (
        f"{drift.reference.risk.mean():.2%} → {drift.current.risk.mean():.2%}" in finding.message
    )
    assert drift.current.risk.mean() > drift.reference.risk.mean()


def test_mon104_when_cells_stop_coming(now: Any) -> None:
    [some] = of("MON104", now(every(2, EXT_SOURCE_2=None)))
    [all_] = of("MON104", now(everyone(EXT_SOURCE_2=None)))
    assert "EXT_SOURCE_2: missing" in some.message
    assert (some.severity, all_.severity) == (Severity.WARNING, Severity.ISSUE)


def test_mon105_names_new_words_that_many_share_and_counts_the_others(now: Any) -> None:
    words = {3: "loan of J. Doe", 5: "loan of A. Roe"}

    def change(place: int) -> dict[str, str]:
        return {"NAME_TYPE_SUITE": words.get(place, "Robot" if place < 50 else "a")}

    drift = now(change)
    [finding] = of("MON105", drift)
    assert "'Robot' (48), 2 words of fewer than 30 clients each (2)" in finding.message
    assert "Doe" not in str(collect_findings(drift))


def test_mon105_leaves_the_words_for_unknown_alone(now: Any) -> None:
    assert not of("MON105", now(everyone(CODE_GENDER="XNA")))


def test_mon106_below_fifty_clients_and_nothing_is_called_drifted(now: Any) -> None:
    drift = now(everyone(AMT_CREDIT=1e6), count=49)
    [finding] = collect_findings(drift)
    assert finding.code == "MON106"
    assert finding.message.startswith("49 clients on the current side")
    assert not drift.drifted


def test_mon107_when_another_model_told_the_risk(now: Any) -> None:
    drift = now()
    told = replace(drift.current, models={"credit-scorer:0": 100, "credit-scorer:1": 300})
    [finding] = of("MON107", replace(drift, current=told))
    assert "100 of 400" in finding.message
    assert "credit-scorer:0" in finding.message


def test_mon108_when_a_history_is_known_on_one_side(champion: Scorer) -> None:
    people = make_random_dossiers(150, seed=13)
    without = [{"application": person["application"]} for person in people]
    found = of("MON108", compare_samples(side(people, champion), side(without, champion)))
    assert len(found) == 6
    assert "→ 0.0%" in found[0].message


def test_the_gravest_come_first(now: Any) -> None:
    found = collect_findings(now(lambda p: {**every(7, AMT_CREDIT=1e6)(p), "EXT_SOURCE_1": None}))
    grades = [list(Severity).index(finding.severity) for finding in found]
    assert grades == sorted(grades)
    assert len(set(grades)) > 1


def test_large_sources_are_sampled_the_same_way_every_time() -> None:
    assert draw_sample_rows(7).tolist() == list(range(7))
    chosen = draw_sample_rows(MAX_SAMPLE_CLIENTS * 3)
    assert len(set(chosen.tolist())) == MAX_SAMPLE_CLIENTS
    assert (chosen == draw_sample_rows(MAX_SAMPLE_CLIENTS * 3)).all()
    assert (chosen[1:] > chosen[:-1]).all()


def test_a_form_is_compared_as_it_stands(champion: Scorer) -> None:
    [person] = applicants(1, seed=1, change=everyone(DAYS_EMPLOYED=365_243))
    cells = side([person], champion).application
    assert cells["DAYS_EMPLOYED"] == 365_243
    assert "SK_ID_CURR" not in cells
    assert set(REQUIRED_COLUMNS["application"]) == set(cells)
    assert len(DossierBatch.from_documents([person], REQUIRED_COLUMNS)) == 1
