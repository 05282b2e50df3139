"""A ledger that can be read and not written, or neither: it is not ready, nothing is decided."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from credit.errors import LedgerUnavailable
from stores.ledger.store import Ledger, LedgerRecord


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def kept(file: Path, record: LedgerRecord) -> str:
    """The URL of a ledger that holds a record."""
    url = f"sqlite:///{file}"
    with closing(Ledger(url)) as ledger:
        ledger.append([record])
        assert ledger.is_available()
    return url


@pytest.fixture
def read_only(kept: str) -> Iterator[str]:
    """The same, and every connection as to a file that nobody may write to: root may to all."""

    def _only_read(connection: Any, _: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    sa.event.listen(sa.Engine, "connect", _only_read)
    yield kept
    sa.event.remove(sa.Engine, "connect", _only_read)


def test_a_ledger_that_is_only_read_is_not_ready(read_only: str, record: LedgerRecord) -> None:
    with closing(Ledger(read_only)) as ledger:
        assert ledger.find(str(record.decision.decision_id)).decision == record.decision
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])


def test_a_damaged_file_is_told_as_a_ledger_that_does_not_answer(
    kept: str, file: Path, record: LedgerRecord
) -> None:
    for name in (f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    with closing(Ledger(kept)) as ledger:
        ledger._engine.dispose()  # noqa: SLF001 -- what is open would not look at the file again
        file.write_bytes(b"x" * 8_192)
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])
        with pytest.raises(LedgerUnavailable):
            ledger.find("none")


def test_whoever_asks_whether_it_answers_keeps_nobody_from_writing(kept: str, file: Path) -> None:
    with closing(Ledger(kept)) as ledger, closing(sqlite3.connect(file, timeout=0)) as other:
        for _ in range(20):
            assert ledger.is_available()
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
