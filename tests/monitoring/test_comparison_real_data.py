"""The public train and test files, which are known to differ in some columns."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from credit.scorer import Scorer
from monitoring.comparison import ColumnKind, DriftResult, compare_samples
from monitoring.sources import load_folder
from stores.progress import ProgressReporter
from stores.settings import Settings

KNOWN_DRIFTED_COLUMNS = {"AMT_GOODS_PRICE", "AMT_CREDIT", "AMT_ANNUITY", "NAME_CONTRACT_TYPE"}


@pytest.fixture(scope="module")
def drift(
    real_data: Path, champion: Scorer, tmp_path_factory: pytest.TempPathFactory
) -> DriftResult:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    progress = ProgressReporter(Console(file=StringIO()))
    folder = real_data / "applications"
    return compare_samples(
        load_folder(folder, "application_train", settings, champion, progress),
        load_folder(folder, "application_test", settings, champion, progress),
    )


def test_the_columns_known_to_differ_have_drifted(drift: DriftResult) -> None:
    assert {column.column for column in drift.drifted_columns} >= KNOWN_DRIFTED_COLUMNS


def test_most_columns_have_not_drifted(drift: DriftResult) -> None:
    columns = drift.columns_of_kind(ColumnKind.APPLICATION)
    assert sum(column.has_drifted for column in columns) < len(columns) / 4
