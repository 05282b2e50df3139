"""The decision engine on its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from credit.errors import LedgerUnavailable
from credit.policy import load_policy
from serving.core.decision_engine import DecisionEngine
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger
from tests.support.scoring_core import drop_table


def test_warming_up_runs_every_step_and_records_nothing(
    failing_scorer: Any, clients: ClientStore, ledger: Ledger, database: Path
) -> None:
    engine = DecisionEngine(
        scorer=failing_scorer, clients=clients, ledger=ledger, policy_on=load_policy
    )
    engine.warm_up()
    assert failing_scorer.decoded_rows > 0
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM decision").fetchone() == (0,)
    connection.close()
    drop_table(database, "payload")
    with pytest.raises(LedgerUnavailable):
        engine.warm_up()
