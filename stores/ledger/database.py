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

LOGGER = logging.getLogger("bentoml.credit")

OUTAGE_ERRORS = (exc.DBAPIError, exc.TimeoutError, OSError)
"""What is raised by a database that is gone, locked, full, damaged, read-only or out of time."""

DATA_ERRORS = (exc.IntegrityError, exc.DataError)
"""What is raised of what it is given: only a single record is at fault."""

POSTGRESQL_CONNECT_ARGS = {
    "connect_timeout": 3,  # s
    "options": "-c statement_timeout=10s",
    # Where the machine behind a connection is gone nobody says so: it is found out in 10 s.
    "tcp_user_timeout": 10_000,  # ms
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""What its driver is told, where the ledger's URL does not say otherwise."""

SQLITE_PRAGMAS = (
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
    parsed_url = sa.make_url(url)
    if parsed_url.get_backend_name() == "postgresql":
        connect_args = {
            name: value
            for name, value in POSTGRESQL_CONNECT_ARGS.items()
            if name not in parsed_url.query
        }
        return sa.create_engine(
            parsed_url, hide_parameters=True, pool_pre_ping=True, connect_args=connect_args
        )
    engine = sa.create_engine(parsed_url, hide_parameters=True, paramstyle="named")
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _set_pragmas)
    return engine


def insert_statement(table: sa.Table, engine: sa.Engine) -> str:
    """What inserts rows, given as mappings of all columns but those that number themselves.

    As the driver takes it: SQLAlchemy would go through the statement anew for every batch.
    """
    column_names = [column.name for column in table.columns if column.autoincrement is not True]
    return str(table.insert().inline().compile(dialect=engine.dialect, column_keys=column_names))


@contextmanager
def translate_db_errors() -> Iterator[None]:
    """Where the database does not answer as it should: logged here, once, whoever waits for it.

    Raises:
        LedgerUnavailable: it did not.
    """
    try:
        yield
    except DATA_ERRORS:
        raise
    except OUTAGE_ERRORS as error:
        LOGGER.exception("the ledger does not answer")
        raise LedgerUnavailable from error


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Alone among all processes that lock this file."""
    with path.open("wb") as file:  # closing it gives the lock back
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_writable(connection: sa.Connection) -> bool:
    """Whether the database could be written to now; nothing is.

    Raises:
        sqlalchemy.exc.DBAPIError: it could not, as a rule.
    """
    if connection.dialect.name == "postgresql":
        read_only = connection.execute(sa.text("SHOW transaction_read_only")).scalar_one()
        return str(read_only) == "off"
    if connection.dialect.name == "sqlite":
        # The turn to write is given back at once, when the connection is.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    return True


def _set_pragmas(connection: Any, _: object) -> None:
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
