"""The two files: aggregates only, and both or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from credit.scorer import Scorer
from monitoring.comparison import DriftResult, compare_samples
from monitoring.findings import collect_findings
from monitoring.outputs import (
    UnwritableOutput,
    atomic_write_folder,
    check_output_folder,
    write_findings,
)
from tests.monitoring.made import FIRST_ID, applicants, every, side
from tests.support.example_dossiers import Dossier

TAGS = "</script><script>alert(1)</script>"

# Evidently 0.7.23 and the litestar it imports warn of what they themselves still use.
pytestmark = [
    pytest.mark.filterwarnings("ignore:numpy.core is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:invalid escape sequence"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:litestar"),
]


@pytest.fixture(scope="module")
def drift(champion: Scorer, then: list[Dossier]) -> DriftResult:
    """A quarter of the forms hold a category that is a script, and no external score."""
    now = applicants(300, seed=12, change=every(4, OCCUPATION_TYPE=TAGS, EXT_SOURCE_2=None))
    return compare_samples(side(then, champion), side(now, champion, source="<now>"))


def test_findings_keep_the_keys_that_others_read(drift: DriftResult, tmp_path: Path) -> None:
    write_findings(drift, collect_findings(drift), tmp_path / "findings.json")
    told = json.loads((tmp_path / "findings.json").read_text())
    [column] = [one for one in told["columns"] if one["column"] == "EXT_SOURCE_2"]
    assert column["drifted"] is True
    assert column["psi"] > column["psi_limit"] >= column["psi_noise"] > 0
    assert column["missing_current"] > column["missing_reference"]
    kinds = [one["kind"] for one in told["columns"]]
    assert (kinds.count("application"), kinds.count("risk")) == (120, 1)
    assert kinds.count("feature") == len(drift.current.features)
    assert (told["reference"]["rows"], told["current"]["rows"]) == (500, 300)
    assert told["application_columns_drifted"] == 2
    assert {"code", "title", "severity", "message", "what_to_do"} == set(told["findings"][0])
    assert not [person for person in range(500) if str(FIRST_ID + person) in json.dumps(told)]


@pytest.fixture(scope="module")
def page(drift: DriftResult, tmp_path_factory: pytest.TempPathFactory) -> str:
    from monitoring.evidently_report import (
        write_report,
    )

    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(drift, collect_findings(drift), path)
    return path.read_text()


def test_the_page_shows_our_numbers(drift: DriftResult, page: str) -> None:
    for column in (*drift.drifted_columns, drift.risk):
        said = "Drift" if column.has_drifted else "No drift"
        assert f"{said}. PSI {column.psi.value:.3f}, limit {column.psi.limit:.3g}" in page
    assert page.count("No drift. PSI") == 121 - len(drift.drifted_columns)


def test_the_page_names_nobody_and_runs_nothing_that_was_posted(page: str) -> None:
    assert not [person for person in range(500) if str(FIRST_ID + person) in page]
    assert "alert(1)" in page
    assert TAGS not in page
    assert "<now>" not in page


def test_the_page_asks_for_nothing_from_elsewhere(page: str) -> None:
    assert "<script src=" not in page
    assert "<link" not in page


def test_a_folder_is_there_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "report"
    with atomic_write_folder(out) as part:
        (part / "one").write_text("1")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["one"]
    assert [path.name for path in out.parent.iterdir()] == ["report"]


def test_a_failure_leaves_what_was_there_before(tmp_path: Path) -> None:
    out = tmp_path / "report"
    out.mkdir()
    (out / "one").write_text("before")

    def fail(part: Path) -> None:
        (part / "one").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), atomic_write_folder(out) as part:
        fail(part)
    assert (out / "one").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with atomic_write_folder(tmp_path) as part:
        (part / "one").write_text("1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "one"]


def test_a_file_in_place_of_the_folder_is_refused_at_once(tmp_path: Path) -> None:
    place = tmp_path / "report"
    place.write_text("a file")
    with pytest.raises(UnwritableOutput, match="is a file"):
        check_output_folder(place)
    with (
        pytest.raises(UnwritableOutput, match="cannot be written"),
        atomic_write_folder(place / "below"),
    ):
        pass
