"""Checkpoints of SQLite's log happen in the background, and bound the log under constant load."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from stores.ledger.database import open_engine
from stores.ledger.store import Ledger, LedgerRecord
from stores.ledger.wal_checkpoints import WalCheckpointer
from tests.support.scoring_core import capture_service_log

MEGABYTE = 2**20
MAX_WAIT_SECONDS = 10.0
"""A checkpoint is due after 0.1 s."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    with closing(Ledger(f"sqlite:///{file}")) as ledger:
        yield ledger


def copy_with_new_id(record: LedgerRecord) -> LedgerRecord:
    return replace(record, decision=replace(record.decision, decision_id=str(uuid4())))


def count_in_file(file: Path, copy: Path) -> int:
    """Count the decisions in the database file alone, without its log."""
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(copy)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM decision").fetchone()[0])
        except sqlite3.DatabaseError:  # no table yet, or copied during a checkpoint
            return 0


def wait_until(is_met: Callable[[], bool]) -> bool:
    """Wait for a condition, at most `MAX_WAIT_SECONDS`, and return whether it is met."""
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while not is_met() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_met()


def has_logged(caplog: pytest.LogCaptureFixture, count: int) -> bool:
    return len(caplog.records) >= count


def test_commits_reach_the_file_while_the_ledger_stays_open(
    file: Path, tmp_path: Path, ledger: Ledger, record: LedgerRecord
) -> None:
    ledger.append([record])
    ledger.append([copy_with_new_id(record)])
    assert wait_until(lambda: count_in_file(file, tmp_path / "copy") == 2)


def test_the_log_stays_bounded_under_constant_load(
    file: Path, ledger: Ledger, record: LedgerRecord
) -> None:
    large = replace(record, compressed_document=os.urandom(MEGABYTE))
    for _ in range(100):
        ledger.append([copy_with_new_id(large)])
    assert file.stat().st_size > 30 * MEGABYTE
    assert file.with_name(f"{file.name}-wal").stat().st_size < 80 * MEGABYTE


def test_a_checkpoint_that_fails_is_logged_and_the_next_one_is_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'away' / 'ledger.sqlite'}")
    with closing(WalCheckpointer(engine)) as checkpointer, capture_service_log(caplog):
        for failures in (1, 2):
            checkpointer.request_checkpoint()
            wait_until(partial(has_logged, caplog, failures))
            assert [record.getMessage() for record in caplog.records] == [
                "the checkpoint of the ledger's log failed"
            ] * failures


def test_a_commit_during_a_checkpoint_gets_another_checkpoint(
    file: Path, ledger: Ledger, record: LedgerRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for both requests below to fall into the delay.
    monkeypatch.setattr("stores.ledger.wal_checkpoints.CHECKPOINT_DELAY_SECONDS", 1.0)
    ledger.append([record])
    engine = open_engine(f"sqlite:///{file}")
    start_times: list[float] = []

    @sa.event.listens_for(engine, "checkout")
    def commit_meanwhile(*_: object) -> None:
        start_times.append(time.monotonic())
        if len(start_times) == 1:
            checkpointer.request_checkpoint()

    with closing(WalCheckpointer(engine)) as checkpointer:
        checkpointer.request_checkpoint()
        checkpointer.request_checkpoint()  # covered by the first
        wait_until(lambda: len(start_times) >= 2)
    engine.dispose()
    assert len(start_times) == 2


def test_a_long_read_does_not_block_writes(
    file: Path, ledger: Ledger, record: LedgerRecord
) -> None:
    ledger.append([record])
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        count_before = reader.execute("SELECT count(*) FROM decision").fetchone()
        for _ in range(20):
            ledger.append([copy_with_new_id(record)])
            time.sleep(0.02)  # long enough for checkpoints to become due
        assert reader.execute("SELECT count(*) FROM decision").fetchone() == count_before
    assert len(list(ledger.iter_between(record.decision.decided_at, datetime.now(UTC)))) == 21
