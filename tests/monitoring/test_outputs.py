"""Output files: aggregates only, and either all files or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitoring.comparison import DriftResult
from monitoring.drift_checks import collect_findings
from monitoring.outputs import (
    UnwritableOutput,
    atomic_write_folder,
    check_output_folder,
    write_findings,
)
from tests.support.monitoring.drift_samples import FIRST_CLIENT_ID


def test_findings_have_the_documented_keys_and_no_client_id(
    script_drift: DriftResult, tmp_path: Path
) -> None:
    write_findings(script_drift, collect_findings(script_drift), tmp_path / "findings.json")
    document = json.loads((tmp_path / "findings.json").read_text())
    [column] = [item for item in document["columns"] if item["column"] == "EXT_SOURCE_2"]
    assert column["drifted"] is True
    assert column["psi"] > column["psi_limit"] >= column["psi_noise"] > 0
    assert column["missing_current"] > column["missing_reference"]
    kinds = [item["kind"] for item in document["columns"]]
    assert (kinds.count("application"), kinds.count("risk")) == (120, 1)
    assert kinds.count("feature") == len(script_drift.current.features)
    assert (document["reference"]["rows"], document["current"]["rows"]) == (500, 300)
    assert document["application_columns_drifted"] == 2
    assert {"code", "title", "severity", "message", "what_to_do"} == set(document["findings"][0])
    text = json.dumps(document)
    assert not [index for index in range(500) if str(FIRST_CLIENT_ID + index) in text]


def test_a_new_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "report"
    with atomic_write_folder(out) as staging:
        (staging / "one").write_text("1")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["one"]
    assert [path.name for path in out.parent.iterdir()] == ["report"]


def test_a_failure_leaves_the_previous_files_unchanged(tmp_path: Path) -> None:
    out = tmp_path / "report"
    out.mkdir()
    (out / "one").write_text("before")

    def write_half(staging: Path) -> None:
        (staging / "one").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), atomic_write_folder(out) as staging:
        write_half(staging)
    assert (out / "one").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_other_files_in_the_folder_stay_unchanged(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with atomic_write_folder(tmp_path) as staging:
        (staging / "one").write_text("1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "one"]


def test_a_file_in_place_of_the_folder_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("a file")
    with pytest.raises(UnwritableOutput, match="is a file"):
        check_output_folder(path)
    with (
        pytest.raises(UnwritableOutput, match="cannot be written"),
        atomic_write_folder(path / "below"),
    ):
        pass
