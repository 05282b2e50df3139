"""Follow `docs/add-a-feature.md` in a copy of the source tree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "add-a-feature.md").read_text()

PACKAGES = (
    "credit", "stores", "training", "serving", "batch", "monitoring", "ui", "loadtests",
)  # fmt: skip
"""Packages that the tests import."""

EDITS = re.findall(r"`(credit/features/[\w/]+\.py)`.*?```python\n(.+?)```", TUTORIAL, re.DOTALL)
"""Pairs of a file that the document names, and the code to append to it."""

CATALOGUE_TEST = "tests/credit/features/test_catalogue.py"
"""Checks all features of the catalogue, the new ones included."""

CATALOGUE_DOCUMENT_TEST = "tests/training/reporting/test_feature_catalogue.py"

PRINT_NEW_FEATURES = """
from credit.features import CATALOGUE
for name in ("income_left_share", "very_late_mean_newest_10"):
    print(name, CATALOGUE[name].unit.value, sorted(CATALOGUE[name].sources))
"""


@pytest.fixture(scope="module")
def tree_with_new_features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tutorial")
    for part in (*PACKAGES, "tests", "docs"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / part, tree / part)
    for path, code in EDITS:
        with (tree / path).open("a") as source:
            source.write(f"\n\n{code}")
    return tree


def run_python(tree: Path, *arguments: str) -> str:
    completed = subprocess.run(
        [sys.executable, *arguments], cwd=tree, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def test_the_document_edits_two_files() -> None:
    assert len(EDITS) == 2


def test_new_features_are_in_the_catalogue_with_unit_and_sources(
    tree_with_new_features: Path,
) -> None:
    lines = run_python(tree_with_new_features, "-c", PRINT_NEW_FEATURES).splitlines()
    assert lines[0] == (
        "income_left_share ratio ['application.AMT_ANNUITY', 'application.AMT_INCOME_TOTAL']"
    )
    assert lines[1].startswith("very_late_mean_newest_10 share ")


def test_generated_files_are_updated_by_the_documented_commands(
    tree_with_new_features: Path,
) -> None:
    commands = re.findall(r"^\$ \.venv/bin/python (.+)$", TUTORIAL, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        run_python(tree_with_new_features, *command.split())
    tests = ("tests/credit/features/test_matrix_golden.py", CATALOGUE_DOCUMENT_TEST)
    output = run_python(
        tree_with_new_features, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests
    )
    assert " passed" in output
    assert "income_left_share" in (tree_with_new_features / "docs" / "features.md").read_text()


def test_new_features_pass_the_checks_of_the_catalogue(tree_with_new_features: Path) -> None:
    output = run_python(
        tree_with_new_features, "-m", "pytest", "-q", "-p", "no:cacheprovider", CATALOGUE_TEST
    )
    assert re.search(r"\b\d+ passed", output)
