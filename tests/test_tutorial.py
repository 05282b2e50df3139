"""`docs/add-a-feature.md`, done to a copy of the tree as it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
TUTORIAL = (ROOT / "docs" / "add-a-feature.md").read_text()

EDITS = re.findall(r"`(credit/features/\w+\.py)`.*?```python\n(.+?)```", TUTORIAL, re.DOTALL)
"""The file that is named, and what to add to it."""

LOOK = """
from credit.features import CATALOGUE
for name in ("income_left_share", "very_late_mean_newest_10"):
    print(name, CATALOGUE[name].unit.value, sorted(CATALOGUE[name].sources))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tutorial")
    for part in ("credit", "stores", "training", "tests", "docs"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / part, tree / part)
    for file, added in EDITS:
        with (tree / file).open("a") as source:
            source.write(f"\n\n{added}")
    return tree


def run(tree: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_two_files_are_edited() -> None:
    assert len(EDITS) == 2


def test_the_features_are_there_with_their_unit_and_sources(copy: Path) -> None:
    told = run(copy, "-c", LOOK).splitlines()
    assert told[0] == (
        "income_left_share ratio ['application.AMT_ANNUITY', 'application.AMT_INCOME_TOTAL']"
    )
    assert told[1].startswith("very_late_mean_newest_10 share ")


def test_what_is_made_of_the_catalogue_is_made_anew_as_the_page_says(copy: Path) -> None:
    commands = re.findall(r"^\$ \.venv/bin/python (.+)$", TUTORIAL, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        run(copy, *command.split())
    made = ("tests/credit/features/test_golden.py", "tests/training/test_catalogue.py")
    assert " passed" in run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *made)
    assert "income_left_share" in (copy / "docs" / "features.md").read_text()


def test_they_do_their_duties_unasked(copy: Path) -> None:
    told = run(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "tests/credit/features/test_every_feature.py",
        "-k", "income_left_share or very_late_mean_newest_10",
    )  # fmt: skip
    assert re.search(r"\b\d+ passed", told)
