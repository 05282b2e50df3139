from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from credit.schema import HISTORIES
from training.synthesise import app
from training.synthetic.generator import synthesise_tables
from training.synthetic.marker import MARKER_FILE

TABLE_NAMES = ("application_train", "application_test", *HISTORIES)


def test_csv_is_rejected_if_older_parquet_files_would_take_precedence(tmp_path: Path) -> None:
    synthesise_tables(3, tmp_path, seed=1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    arguments = ["--clients", "3", "--out", str(tmp_path), "--format", "csv"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert result.output.count("an older file") == len(TABLE_NAMES)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_command_writes_all_tables_in_the_requested_format(tmp_path: Path) -> None:
    out = tmp_path / "tables"
    arguments = ["--clients", "50", "--out", str(out), "--seed", "3", "--format", "csv"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert {path.name for path in out.iterdir()} == {
        *(f"{name}.csv" for name in TABLE_NAMES),
        MARKER_FILE,
    }


def test_the_command_rejects_invalid_options(tmp_path: Path) -> None:
    for invalid in (
        ["--clients", "0"],
        ["--clients", "5", "--seed", "-1"],
        ["--clients", "5", "--format", "xml"],
    ):
        assert CliRunner().invoke(app, [*invalid, "--out", str(tmp_path / "none")]).exit_code != 0
    assert not (tmp_path / "none").exists()
