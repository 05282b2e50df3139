"""The ledger's database: how it is opened, and what is told when it does not answer."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from credit.errors import LedgerUnavailable

LOG = logging.getLogger("bentoml.credit")

DOWN = (exc.DBAPIError, exc.TimeoutError, OSError)
"""What is raised by a database that is gone, locked, full, damaged, read-only or out of time."""

OURS = (exc.IntegrityError, exc.DataError)
"""What is raised of what it is given: only a single record is at fault."""

POSTGRESQL = {
    "connect_timeout": 3,  # s
    "options": "-c statement_timeout=10s",
    # Where the machine behind a connection is gone nobody says so: it is found out in 10 s.
    "tcp_user_timeout": 10_000,  # ms
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""What its driver is told, where the ledger's URL does not say otherwise."""

SQLITE = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=30000",
    "foreign_keys=ON",
    # Whoever commits carries the log over where `Checkpoints` were not in time: it has 32 MB.
    "wal_autocheckpoint=8000",
)
"""What every connection is told."""


def open_engine(url: str) -> sa.Engine:
    """A pool of connections; what failed is told without the values, which are a client's."""
    where = sa.make_url(url)
    if where.get_backend_name() == "postgresql":
        said = {name: value for name, value in POSTGRESQL.items() if name not in where.query}
        return sa.create_engine(where, hide_parameters=True, pool_pre_ping=True, connect_args=said)
    engine = sa.create_engine(where, hide_parameters=True, paramstyle="named")
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _durable)
    return engine


def insertion(table: sa.Table, engine: sa.Engine) -> str:
    """What inserts rows, given as mappings of all columns but those that number themselves.

    As the driver takes it: SQLAlchemy would go through the statement anew for every batch.
    """
    names = [column.name for column in table.columns if column.autoincrement is not True]
    return str(table.insert().inline().compile(dialect=engine.dialect, column_keys=names))


@contextmanager
def reached() -> Iterator[None]:
    """Where the database does not answer as it should: logged here, once, whoever waits for it.

    Raises:
        LedgerUnavailable: it did not.
    """
    try:
        yield
    except OURS:
        raise
    except DOWN as error:
        LOG.exception("the ledger does not answer")
        raise LedgerUnavailable from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone among all processes that lock this file."""
    with path.open("wb") as file:  # closing it gives the lock back
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def takes(connection: sa.Connection) -> bool:
    """Whether the database could be written to now; nothing is.

    Raises:
        sqlalchemy.exc.DBAPIError: it could not, as a rule.
    """
    if connection.dialect.name == "postgresql":
        told = connection.execute(sa.text("SHOW transaction_read_only")).scalar_one()
        return str(told) == "off"
    if connection.dialect.name == "sqlite":
        # The turn to write is given back at once, when the connection is.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    return True


def _durable(connection: Any, _: object) -> None:
    for pragma in SQLITE:
        connection.execute(f"PRAGMA {pragma}")
