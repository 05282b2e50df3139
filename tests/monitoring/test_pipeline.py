from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from monitoring.request import DriftRequest
from stores.models.bento_store import ChampionNotFound
from stores.progress import ProgressReporter
from stores.settings import Settings
from tests.support.monitoring.evidently_warnings import IGNORE_EVIDENTLY_WARNINGS

pytestmark = IGNORE_EVIDENTLY_WARNINGS


def test_without_a_champion_the_error_suggests_training(tmp_path: Path) -> None:
    from monitoring.pipeline import run_drift_analysis  # noqa: PLC0415 -- Evidently warns

    request = DriftRequest.from_options("train", "ledger", None)
    progress = ProgressReporter(Console(file=StringIO()))
    with pytest.raises(ChampionNotFound, match="run `python -m training` first"):
        run_drift_analysis(
            Settings(home=tmp_path / "home"), request, tmp_path / "report", progress
        )
    assert not list(tmp_path.iterdir())
