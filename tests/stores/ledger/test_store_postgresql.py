"""The ledger on PostgreSQL: concurrent workers, and a server that stalls or restarts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from credit.errors import LedgerUnavailable
from loadtests.target import find_free_ports
from stores.ledger.store import Ledger, LedgerRecord
from tests.support.ledger_processes import open_concurrently

OWNER = "nobody" if os.geteuid() == 0 else None
"""User that runs the server: PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server for these tests."""

    programs: Path
    data: Path
    port: int

    def format_url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://lender@127.0.0.1:{self.port}/{database}"

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.format_url().replace("+psycopg", ""), autocommit=True)

    def create_database(self) -> str:
        """Create an empty database, and return its URL."""
        name = f"ledger{uuid4().hex}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.format_url(name)

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, "-D", self.data, *arguments],
            cwd=self.data, user=OWNER, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> None:
        options = f"-p {self.port} -k {self.data} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-w", "-l", str(self.data / "log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # Debian installs the server programs outside the PATH, in one folder per version.
    debian_folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    pg_ctl = shutil.which("pg_ctl", path=os.pathsep.join([os.environ["PATH"], *debian_folders]))
    if pg_ctl is None:
        pytest.skip("PostgreSQL's pg_ctl is absent")
    with tempfile.TemporaryDirectory() as folder:
        if OWNER:
            shutil.chown(folder, OWNER)
        [port] = find_free_ports(1)
        server = Server(Path(pg_ctl).resolve().parent, Path(folder), port)
        server.run("initdb", "-U", "lender", "-A", "trust", "--no-sync")
        server.start()
        yield server
        server.stop()


@pytest.fixture
def ledger(server: Server) -> Iterator[Ledger]:
    with closing(Ledger(server.create_database())) as ledger:
        yield ledger


@pytest.mark.slow
def test_workers_that_start_together_create_the_tables_once(server: Server) -> None:
    for _ in range(5):
        assert open_concurrently(server.create_database()) == [0, 0]


def test_a_stored_decision_is_found_by_id_and_by_period(
    ledger: Ledger, record: LedgerRecord
) -> None:
    ledger.append([record])
    decision = record.decision
    assert ledger.find(str(decision.decision_id)).decision == decision
    [stored] = ledger.iter_between(decision.decided_at, decision.decided_at + timedelta(seconds=1))
    assert stored.document == record.document


def test_the_ledger_reconnects_to_a_restarted_server(
    server: Server, ledger: Ledger, record: LedgerRecord
) -> None:
    assert ledger.is_available()
    server.stop()
    try:
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])
    finally:
        server.start()
    assert ledger.is_available()
    ledger.append([record])


def test_a_stalled_server_is_given_up_after_the_time_limit(
    server: Server, record: LedgerRecord
) -> None:
    url = server.create_database()
    Ledger(url).close()  # creates the tables
    url_with_time_limit = f"{url}?options=-c%20statement_timeout%3D2s"
    with closing(Ledger(url_with_time_limit)) as ledger:
        with psycopg.connect(url.replace("+psycopg", "")) as other:
            other.execute("LOCK TABLE decision")
            with pytest.raises(LedgerUnavailable):
                ledger.append([record])
        ledger.append([record])


def test_a_read_only_server_is_not_available(server: Server, record: LedgerRecord) -> None:
    url = server.create_database()
    with closing(Ledger(url)) as writable_ledger:
        writable_ledger.append([record])
    with server.connect() as connection:
        name = url.rpartition("/")[2]
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with closing(Ledger(url)) as ledger:
        assert ledger.find(str(record.decision.decision_id)).decision == record.decision
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])


def test_a_missing_table_makes_the_ledger_unavailable(
    server: Server, record: LedgerRecord
) -> None:
    url = server.create_database()
    with closing(Ledger(url)) as ledger:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
            other.execute("DROP TABLE payload")
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])
