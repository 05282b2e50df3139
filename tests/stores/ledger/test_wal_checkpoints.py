"""SQLite's log: carried over by itself, and bounded while decisions come without a pause."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from stores.ledger.database import open_engine
from stores.ledger.store import Ledger, LedgerRecord
from stores.ledger.wal_checkpoints import WalCheckpointer
from tests.support.scoring_core import capture_service_log

MEGABYTE = 2**20
PATIENCE = 10.0
"""Seconds for a checkpoint that is due in a tenth of one."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    with closing(Ledger(f"sqlite:///{file}")) as opened:
        yield opened


def another(record: LedgerRecord) -> LedgerRecord:
    """The same decision as it might be taken again."""
    return replace(record, decision=replace(record.decision, decision_id=str(uuid4())))


def in_the_file(file: Path, copy: Path) -> int:
    """Decisions in the database's own file, its log apart."""
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(copy)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM decision").fetchone()[0])
        except sqlite3.DatabaseError:  # no table yet, or copied in the midst of a checkpoint
            return 0


def test_what_is_kept_reaches_the_file_though_the_ledger_stays_open(
    file: Path, tmp_path: Path, ledger: Ledger, record: LedgerRecord
) -> None:
    ledger.append([record])
    ledger.append([another(record)])
    until = time.monotonic() + PATIENCE
    while (there := in_the_file(file, tmp_path / "copy")) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert there == 2


def test_the_log_is_bounded_while_nobody_pauses(
    file: Path, ledger: Ledger, record: LedgerRecord
) -> None:
    large = replace(record, compressed_document=os.urandom(MEGABYTE))
    for _ in range(100):
        ledger.append([another(large)])
    assert file.stat().st_size > 30 * MEGABYTE
    assert file.with_name(f"{file.name}-wal").stat().st_size < 80 * MEGABYTE


def test_a_checkpoint_that_fails_is_logged_and_the_next_one_is_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = open_engine(f"sqlite:///{tmp_path / 'away' / 'ledger.sqlite'}")
    with closing(WalCheckpointer(nowhere)) as checkpoints, capture_service_log(caplog):
        for failures in (1, 2):
            checkpoints.request_checkpoint()
            until = time.monotonic() + PATIENCE
            while len(caplog.records) < failures and time.monotonic() < until:
                time.sleep(0.05)
            assert [record.getMessage() for record in caplog.records] == [
                "the checkpoint of the ledger's log failed"
            ] * failures


def test_what_is_committed_during_a_checkpoint_has_one_after_it(
    file: Path, ledger: Ledger, record: LedgerRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "stores.ledger.wal_checkpoints.CHECKPOINT_DELAY_SECONDS", 1.0
    )  # both are said within it
    ledger.append([record])
    engine = open_engine(f"sqlite:///{file}")
    begun: list[float] = []

    @sa.event.listens_for(engine, "checkout")
    def commit_meanwhile(*_: object) -> None:
        begun.append(time.monotonic())
        if len(begun) == 1:
            checkpoints.request_checkpoint()

    with closing(WalCheckpointer(engine)) as checkpoints:
        checkpoints.request_checkpoint()
        checkpoints.request_checkpoint()  # carried over with the first
        until = time.monotonic() + PATIENCE
        while len(begun) < 2 and time.monotonic() < until:
            time.sleep(0.05)
    engine.dispose()
    assert len(begun) == 2


def test_a_reader_who_stays_keeps_nobody_from_deciding(
    file: Path, ledger: Ledger, record: LedgerRecord
) -> None:
    ledger.append([record])
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        seen = reader.execute("SELECT count(*) FROM decision").fetchone()
        for _ in range(20):
            ledger.append([another(record)])
            time.sleep(0.02)  # a checkpoint is due in between
        assert reader.execute("SELECT count(*) FROM decision").fetchone() == seen
    assert len(list(ledger.iter_between(record.decision.decided_at, datetime.now(UTC)))) == 21
