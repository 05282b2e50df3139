"""Check the rules of layout: imports, sizes of files and packages, names and words."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.vocabulary import offenders_in

ROOT = Path(__file__).parents[1]
MAX_LINES_PER_FILE = 300
MAX_MODULES_PER_PACKAGE = 15
MAX_BINARY_BYTES = 100_000
MIN_GLOSSARY_TERMS = 50
GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$")
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "lib", "tools"}
DATA_SUFFIXES = {".parquet", ".csv", ".gz", ".zip", ".pkl", ".sqlite", ".db", ".lgb", ".joblib"}
PACKAGES = (
    "batch",
    "benchmarks",
    "credit",
    "loadtests",
    "monitoring",
    "serving",
    "stores",
    "training",
    "ui",
)
UNMIRRORED = ("tests/end_to_end/", "tests/support/", "tests/deploy/", "tests/real/")
"""Tests of whole commands, of files that are not Python, of real rows; and what tests share."""


def tracked() -> list[Path]:
    """List the files of the project, relative to its root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a checkout: git does not list the files of the project")
    return [Path(name) for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def code() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and not GENERATED.search(path.name)]


def test_imports_point_in_the_declared_directions_and_never_in_a_circle() -> None:
    """The contracts are in `pyproject.toml`, under `tool.importlinter`."""
    command = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run([command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_only_entry_points_import_modules_of_this_project_inside_a_function() -> None:
    """An import inside a function hides a cycle.

    Entry points may defer one: libraries read their settings when they are imported, so these
    functions call `configure_libraries` first. A `__main__` module is an entry point.
    """
    offenders = [
        f"{path}:{node.lineno}"
        for path in code()
        if path.parts[0] in PACKAGES and path.name != "__main__.py"
        for function in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        if not any(
            isinstance(node, ast.Name) and node.id == "configure_libraries"
            for node in ast.walk(function)
        )
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES
    ]
    assert offenders == []


def test_no_file_of_code_is_too_long() -> None:
    lengths = {
        path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in code()
    }
    assert lengths
    assert {path: length for path, length in lengths.items() if length > MAX_LINES_PER_FILE} == {}


def test_no_package_has_too_many_modules() -> None:
    modules = Counter(path.parent for path in code() if path.name != "__init__.py")
    assert {
        str(package): count
        for package, count in modules.items()
        if count > MAX_MODULES_PER_PACKAGE
    } == {}


def test_tests_mirror_the_modules_they_test() -> None:
    """`tests/a/b/test_c.py`, or `test_c_d.py` for an aspect d of it, tests `a/b/c.py`."""
    offenders = []
    for path in code():
        name = path.as_posix()
        if not name.startswith("tests/") or name.startswith(UNMIRRORED):
            continue
        if path.name.startswith("test_") and len(path.parts) > 2:
            package = ROOT.joinpath(*path.parts[1:-1])
            subject = path.stem.removeprefix("test_")
            names = {module.stem for module in package.glob("*.py")} | {package.name}
            names |= {
                folder.name for folder in package.glob("*/") if (folder / "__init__.py").is_file()
            }
            if not any(subject == stem or subject.startswith(f"{stem}_") for stem in names):
                offenders.append(name)
    assert offenders == []


def test_every_file_has_a_telling_name() -> None:
    assert [path for path in tracked() if {path.stem, *path.parts} & VAGUE] == []


def test_no_data_model_or_report_is_committed() -> None:
    binary = [path for path in tracked() if b"\0" in (ROOT / path).read_bytes()[:8_000]]
    assert [path for path in binary if (ROOT / path).stat().st_size > MAX_BINARY_BYTES] == []
    assert [path for path in tracked() if path.suffix in DATA_SUFFIXES] == []


def test_code_and_documents_use_plain_words() -> None:
    """`python -m tests.vocabulary` has the list of words; docs/glossary.md has the terms."""
    paths = [path for path in tracked() if path.suffix in {".md", ".j2"}] + code()
    offenders = [
        str(offender)
        for path in paths
        if path.as_posix() not in {"tests/vocabulary.py", "docs/features.md"}  # lists; labels
        for offender in offenders_in(ROOT / path)
    ]
    assert offenders == []


def test_the_glossary_is_in_order_and_every_term_has_one_meaning() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    sections = [
        re.findall(r"^\*\*(.+?)\*\* – ", section, flags=re.MULTILINE)
        for section in text.split("\n## ")
    ]
    terms = [term for section in sections for term in section]
    assert len(terms) > MIN_GLOSSARY_TERMS
    assert [term for term, count in Counter(terms).items() if count > 1] == []
    assert sections == [sorted(section, key=str.casefold) for section in sections]
