"""docs/features.md says what the declarations say."""

from __future__ import annotations

from credit.features import CATALOGUE
from training.catalogue import COMMAND, PAGE, feature_table


def test_the_feature_table_is_up_to_date() -> None:
    assert PAGE.read_text() == feature_table(), f"run `{COMMAND}` and commit {PAGE.name}"


def test_every_feature_stands_in_it_once() -> None:
    lines = feature_table().splitlines()
    told = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert sorted(told) == sorted(CATALOGUE)
