"""Fixtures of the serving core: a fitted scorer, an empty client store and an empty ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from credit.scorer import Scorer
from serving.core.scoring_service import ScoringService
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger
from tests.support.scoring_core import FailingScorer, run_scoring_service


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(database: Path) -> Ledger:
    return Ledger(f"sqlite:///{database}")


@pytest.fixture
def failing_scorer(scorer: Scorer) -> Any:
    return FailingScorer(scorer)


@pytest.fixture
def clients(tmp_path: Path) -> ClientStore:
    return ClientStore(tmp_path / "clients.sqlite")


@pytest.fixture
def scoring(failing_scorer: Any, clients: ClientStore, ledger: Ledger) -> Iterator[ScoringService]:
    with run_scoring_service(failing_scorer, clients, ledger) as running:
        yield running
