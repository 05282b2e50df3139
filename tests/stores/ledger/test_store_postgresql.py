"""The ledger on PostgreSQL: several workers, and a server that stalls, goes and comes back."""

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
from tests.stores.ledger.test_store import open_together

OWNER = "nobody" if os.geteuid() == 0 else None
"""Whom the server belongs to: PostgreSQL refuses root."""


@dataclass(frozen=True)
class Server:
    """A server of its own."""

    programs: Path
    data: Path
    port: int

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://lender@127.0.0.1:{self.port}/{database}"

    def connection(self) -> psycopg.Connection:
        return psycopg.connect(self.url().replace("+psycopg", ""), autocommit=True)

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"ledger{uuid4().hex}"
        with self.connection() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, "-D", self.data, *arguments],
            cwd=self.data, user=OWNER, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> None:
        how = f"-p {self.port} -k {self.data} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-w", "-l", str(self.data / "log"), "-o", how, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # Debian keeps its servers' programs off the path, a folder a version.
    debian = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))
    found = shutil.which("pg_ctl", path=os.pathsep.join([os.environ["PATH"], *debian]))
    if found is None:
        pytest.skip("PostgreSQL's pg_ctl is absent")
    with tempfile.TemporaryDirectory() as folder:
        if OWNER:
            shutil.chown(folder, OWNER)
        [port] = find_free_ports(1)
        made = Server(Path(found).resolve().parent, Path(folder), port)
        made.run("initdb", "-U", "lender", "-A", "trust", "--no-sync")
        made.start()
        yield made
        made.stop()


@pytest.fixture
def ledger(server: Server) -> Iterator[Ledger]:
    with closing(Ledger(server.database())) as opened:
        yield opened


@pytest.mark.slow
def test_workers_that_start_together_make_the_tables_once(server: Server) -> None:
    for _ in range(5):
        assert open_together(server.database()) == [0, 0]


def test_what_is_kept_is_found_alone_and_among_others(
    ledger: Ledger, record: LedgerRecord
) -> None:
    ledger.append([record])
    decided = record.decision
    assert ledger.find(str(decided.decision_id)).decision == decided
    [found] = ledger.iter_between(decided.decided_at, decided.decided_at + timedelta(seconds=1))
    assert found.document == record.document


def test_a_server_that_comes_back_is_found_again(
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


def test_a_server_that_stalls_is_not_waited_for(server: Server, record: LedgerRecord) -> None:
    url = server.database()
    Ledger(url).close()  # which makes the tables
    impatient = f"{url}?options=-c%20statement_timeout%3D2s"
    with closing(Ledger(impatient)) as ledger:
        with psycopg.connect(url.replace("+psycopg", "")) as other:
            other.execute("LOCK TABLE decision")
            with pytest.raises(LedgerUnavailable):
                ledger.append([record])
        ledger.append([record])


def test_a_server_that_only_lets_read_is_not_ready(server: Server, record: LedgerRecord) -> None:
    url = server.database()
    with closing(Ledger(url)) as before:
        before.append([record])
    with server.connection() as connection:
        name = url.rpartition("/")[2]
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with closing(Ledger(url)) as ledger:
        assert ledger.find(str(record.decision.decision_id)).decision == record.decision
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])


def test_a_table_that_is_gone_is_told_as_a_ledger_that_does_not_answer(
    server: Server, record: LedgerRecord
) -> None:
    url = server.database()
    with closing(Ledger(url)) as ledger:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
            other.execute("DROP TABLE payload")
        assert not ledger.is_available()
        with pytest.raises(LedgerUnavailable):
            ledger.append([record])
