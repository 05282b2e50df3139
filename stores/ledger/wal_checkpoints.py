"""SQLite's log, carried over into its file beside those who write.

Left to itself SQLite has whoever commits do it, and one decision in some hundred waits for it.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from stores.ledger.database import DOWN, LOG

PAUSE = 0.1
"""Seconds after a commit, so that what comes meanwhile is carried over with it."""


class Checkpoints:
    """Of one database, in a thread of their own that is there once something was written."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._due = False

    def wrote(self) -> None:
        """Say that something was committed; never waits."""
        if not self._due:
            self._due = True
            self._thread.submit(self._carry_over)

    def close(self) -> None:
        """Finish what runs and stop the thread."""
        self._thread.shutdown()

    def _carry_over(self) -> None:
        time.sleep(PAUSE)
        self._due = False  # one that begins may miss what is committed from here on
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except DOWN:  # nothing is lost: the next one takes it in
            LOG.exception("the ledger's log was not carried over")
