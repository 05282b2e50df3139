"""The layout tells the story by itself: who imports whom, how long and how named files are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 300
"""Lines of a file that can still be read in one go."""

LARGEST_BINARY = 100_000
GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$")
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "lib", "tools"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a checkout: git does not say which files are the project's")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_imports_point_the_way_they_are_declared() -> None:
    """The contracts stand in `pyproject.toml`, under `tool.importlinter`."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_of_code_is_too_long_to_be_read_in_one_go() -> None:
    code = [path for path in tracked() if path.suffix == ".py" and not GENERATED.search(path.name)]
    lengths = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in code
    }
    assert lengths
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_every_file_has_a_name_that_says_what_is_in_it() -> None:
    assert [path for path in tracked() if {path.stem, *path.parts} & VAGUE] == []


def test_no_data_model_or_report_is_committed() -> None:
    binary = [path for path in tracked() if b"\0" in path.read_bytes()[:8_000]]
    assert [path for path in binary if path.stat().st_size > LARGEST_BINARY] == []
    kept = {".parquet", ".csv", ".gz", ".zip", ".pkl", ".sqlite", ".db", ".lgb", ".joblib"}
    assert [path for path in tracked() if path.suffix in kept] == []
