"""Connect to the ledger's database, and turn its failures into `LedgerUnavailable`."""

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
"""Raised when the database is gone, locked, full, damaged, read-only or too slow."""

DATA_ERRORS = (exc.IntegrityError, exc.DataError)
"""Raised because of a record's own values; the database works."""

POSTGRESQL_CONNECT_ARGS = {
    "connect_timeout": 3,  # s
    "options": "-c statement_timeout=10s",
    # A machine that goes down closes no connection: these detect it within 10 s.
    "tcp_user_timeout": 10_000,  # ms
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""Default arguments of the PostgreSQL driver; the ledger's URL overrides them."""

SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=30000",
    "foreign_keys=ON",
    # In pages of 4 KB: at 32 MB of log a commit does the checkpoint that `WalCheckpointer` missed.
    "wal_autocheckpoint=8000",
)
"""Set on every SQLite connection."""


def open_engine(url: str) -> sa.Engine:
    """Open a pool of connections. Errors omit the values of statements: they are personal data."""
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


def compile_insert(table: sa.Table, engine: sa.Engine) -> str:
    """Compile the INSERT of a table once, in the driver's own parameter style.

    SQLAlchemy would otherwise process the statement again for every batch. Rows are mappings of
    all columns except auto-incremented ones.
    """
    column_names = [column.name for column in table.columns if column.autoincrement is not True]
    return str(table.insert().inline().compile(dialect=engine.dialect, column_keys=column_names))


@contextmanager
def translate_db_errors() -> Iterator[None]:
    """Log a failure of the database once, and raise it as `LedgerUnavailable`.

    Errors caused by a record's values (`DATA_ERRORS`) pass unchanged.

    Raises:
        LedgerUnavailable: the database failed.
    """
    try:
        yield
    except DATA_ERRORS:
        raise
    except OUTAGE_ERRORS as error:
        LOGGER.exception("the ledger is unavailable")
        raise LedgerUnavailable from error


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, across processes; the file is created if absent."""
    with path.open("wb") as file:  # closing the file releases the lock
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_writable(connection: sa.Connection) -> bool:
    """Return whether the database accepts writes now, without writing.

    Raises:
        sqlalchemy.exc.DBAPIError: the usual answer of a database that does not.
    """
    if connection.dialect.name == "postgresql":
        read_only = connection.execute(sa.text("SHOW transaction_read_only")).scalar_one()
        return str(read_only) == "off"
    if connection.dialect.name == "sqlite":
        # Takes the write lock; closing the connection releases it.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    return True


def _set_pragmas(connection: Any, _: object) -> None:
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
