"""Checkpoint SQLite's write-ahead log in a background thread.

By default the committing connection runs the checkpoint, which delays about one decision in some
hundred.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from stores.ledger.database import LOGGER, OUTAGE_ERRORS

CHECKPOINT_DELAY_SECONDS = 0.1
"""Delay after a commit, so that one checkpoint covers the commits that follow it."""


class WalCheckpointer:
    """Checkpoints of one database, in a thread that starts with the first commit."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._is_scheduled = False

    def request_checkpoint(self) -> None:
        """Schedule a checkpoint after a commit; return at once."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._executor.submit(self._run_checkpoint)

    def close(self) -> None:
        """Finish a scheduled checkpoint and stop the thread."""
        self._executor.shutdown()

    def _run_checkpoint(self) -> None:
        time.sleep(CHECKPOINT_DELAY_SECONDS)
        self._is_scheduled = False  # the checkpoint may miss commits from here on
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except OUTAGE_ERRORS:  # no data is lost: the next checkpoint includes it
            LOGGER.exception("the checkpoint of the ledger's log failed")
