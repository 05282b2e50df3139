"""SQLite's log, carried over into its file beside those who write.

Left to itself SQLite has whoever commits do it, and one decision in some hundred waits for it.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from stores.ledger.database import LOGGER, OUTAGE_ERRORS

CHECKPOINT_DELAY_SECONDS = 0.1
"""Seconds after a commit, so that what comes meanwhile is carried over with it."""


class WalCheckpointer:
    """Of one database, in a thread of their own that is there once something was written."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._is_scheduled = False

    def request_checkpoint(self) -> None:
        """Say that something was committed; never waits."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._executor.submit(self._run_checkpoint)

    def close(self) -> None:
        """Finish what runs and stop the thread."""
        self._executor.shutdown()

    def _run_checkpoint(self) -> None:
        time.sleep(CHECKPOINT_DELAY_SECONDS)
        self._is_scheduled = False  # one that begins may miss what is committed from here on
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except OUTAGE_ERRORS:  # nothing is lost: the next one takes it in
            LOGGER.exception("the ledger's log was not carried over")
