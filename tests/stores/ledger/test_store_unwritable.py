"""A ledger that cannot be written to, or not even read, is unavailable and stores nothing."""

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
def url(file: Path, record: LedgerRecord) -> str:
    """Return the URL of a ledger with one record."""
    url = f"sqlite:///{file}"
    with closing(Ledger(url)) as ledger:
        ledger.append([record])
        assert ledger.is_available()
    return url


@pytest.fixture
def read_only_url(url: str) -> Iterator[str]:
    """Make every connection read-only; file permissions would not stop root."""

    def forbid_writes(connection: Any, _: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    sa.event.listen(sa.Engine, "connect", forbid_writes)
    yield url
    sa.event.remove(sa.Engine, "connect", forbid_writes)


def test_a_read_only_ledger_is_not_available(read_only_url: str, record: LedgerRecord) -> None:
    with closing(Ledger(read_only_url)) as ledger:
        assert ledger.find(str(record.decision.decision_id)).decision == record.decision
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])


def test_a_damaged_file_makes_the_ledger_unavailable(
    url: str, file: Path, record: LedgerRecord
) -> None:
    for name in (f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    with closing(Ledger(url)) as ledger:
        ledger._engine.dispose()  # noqa: SLF001 -- an open connection would not read the file again
        file.write_bytes(b"x" * 8_192)
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])
        with pytest.raises(LedgerUnavailable):
            ledger.find("none")


def test_checking_availability_does_not_block_writers(url: str, file: Path) -> None:
    with closing(Ledger(url)) as ledger, closing(sqlite3.connect(file, timeout=0)) as other:
        for _ in range(20):
            assert ledger.is_available()
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
