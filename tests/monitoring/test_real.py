"""The public data's own train and test files, which are known to differ in some columns."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from credit.scorer import Scorer
from monitoring.comparison import Drift, Kind, compare
from monitoring.sources import of_folder
from stores.cli import Steps
from stores.settings import Settings

KNOWN = {"AMT_GOODS_PRICE", "AMT_CREDIT", "AMT_ANNUITY", "NAME_CONTRACT_TYPE"}


@pytest.fixture(scope="module")
def drift(real_data: Path, champion: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Drift:
    where, steps = Settings(home=tmp_path_factory.mktemp("home")), Steps(Console(file=StringIO()))
    folder = real_data / "applications"
    return compare(
        of_folder(folder, "application_train", where, champion, steps),
        of_folder(folder, "application_test", where, champion, steps),
    )


def test_the_columns_known_to_differ_are_found(drift: Drift) -> None:
    assert {column.column for column in drift.drifted} >= KNOWN


def test_most_columns_have_not_drifted(drift: Drift) -> None:
    columns = drift.of(Kind.APPLICATION)
    assert sum(column.drifted for column in columns) < len(columns) / 4
