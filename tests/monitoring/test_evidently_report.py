"""The HTML report."""

from __future__ import annotations

import pytest

from monitoring.comparison import DriftResult
from monitoring.drift_checks import collect_findings
from tests.support.monitoring.drift_samples import FIRST_CLIENT_ID, SCRIPT_TAGS
from tests.support.monitoring.evidently_warnings import IGNORE_EVIDENTLY_WARNINGS

pytestmark = IGNORE_EVIDENTLY_WARNINGS


@pytest.fixture(scope="module")
def page(script_drift: DriftResult, tmp_path_factory: pytest.TempPathFactory) -> str:
    from monitoring.evidently_report import write_report  # noqa: PLC0415 -- the import warns

    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(script_drift, collect_findings(script_drift), path)
    return path.read_text()


def test_the_page_shows_the_psi_and_limit_of_every_column(
    script_drift: DriftResult, page: str
) -> None:
    for column in (*script_drift.drifted_columns, script_drift.risk):
        status = "Drift" if column.has_drifted else "No drift"
        assert f"{status}. PSI {column.psi.value:.3f}, limit {column.psi.limit:.3g}" in page
    assert page.count("No drift. PSI") == 121 - len(script_drift.drifted_columns)


def test_the_page_identifies_no_client_and_runs_no_posted_script(page: str) -> None:
    assert not [index for index in range(500) if str(FIRST_CLIENT_ID + index) in page]
    assert "alert(1)" in page
    assert SCRIPT_TAGS not in page
    assert "<now>" not in page


def test_the_page_loads_nothing_from_other_addresses(page: str) -> None:
    assert "<script src=" not in page
    assert "<link" not in page
