"""The dossiers of known clients, by id: raw, independent of any feature or model.

python -m stores.clients --data DIR      fill it from raw tables
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import local
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from credit.dossier import Document
from credit.errors import UnknownClient
from stores.cli import LenderOption, ProgressReporter, report_errors
from stores.settings import get_settings

MAX_ID_DIGITS = 16
"""Digits of the largest id, 2^53."""

CREATE_TABLE_SQL = (
    "CREATE TABLE IF NOT EXISTS client (id INTEGER PRIMARY KEY, dossier BLOB NOT NULL)"
)
SELECT_IDS_SQL = "SELECT id FROM client WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
COUNT_IDS_SQL = "SELECT count(*) FROM client WHERE id >= ? AND id < ?"


class ClientStore:
    """Dossiers in one SQLite file. Safe to share between threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_local = local()

    def get_dossier(self, client_id: int) -> Document:
        """The client's dossier.

        Raises:
            UnknownClient: none is kept under this id.
        """
        return decompress_document(self.compressed(client_id))

    def compressed(self, client_id: int) -> bytes:
        """The client's dossier as it is stored: JSON, compressed with zlib.

        Raises:
            UnknownClient: none is kept under this id.
        """
        rows = self._fetch_rows("SELECT dossier FROM client WHERE id = ?", client_id)
        if not rows:
            raise UnknownClient(client_id)
        blob: bytes = rows[0][0]
        return blob

    def search(self, prefix: str, limit: int) -> tuple[list[int], int]:
        """Ids whose digits begin with `prefix`, the smallest first, and how many there are."""
        id_ranges = _iter_id_ranges(prefix)
        ids: list[int] = []
        total = 0
        for low, high in id_ranges:
            parameters = (low, high, max(limit - len(ids), 0))
            ids += [client_id for (client_id,) in self._fetch_rows(SELECT_IDS_SQL, *parameters)]
            total += self._fetch_rows(COUNT_IDS_SQL, low, high)[0][0]
        return ids, total

    def save(self, documents: Iterable[tuple[int, str]]) -> int:
        """Keep dossiers, replacing those of the same id; all or, on failure, none of them.

        Returns:
            How many were kept.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        count = 0
        with self._get_connection() as connection:
            for client_id, document in documents:
                row = (client_id, zlib.compress(document.encode(), 6))
                connection.execute("INSERT OR REPLACE INTO client VALUES (?, ?)", row)
                count += 1
        return count

    def _fetch_rows(self, query: str, *parameters: int) -> list[tuple[Any, ...]]:
        return self._get_connection().execute(query, parameters).fetchall()

    def _get_connection(self) -> sqlite3.Connection:
        if not hasattr(self._thread_local, "connection"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._thread_local.connection = sqlite3.connect(self._path, timeout=30)
            self._thread_local.connection.execute("PRAGMA journal_mode=WAL")
            self._thread_local.connection.execute(CREATE_TABLE_SQL)
        connection: sqlite3.Connection = self._thread_local.connection
        return connection


def decompress_document(compressed: bytes) -> Document:
    """The dossier that was stored."""
    document: Document = orjson.loads(zlib.decompress(compressed))
    return document


def _iter_id_ranges(prefix: str) -> Iterator[tuple[int, int]]:
    """The ranges of ids, upper end left out, whose digits begin with `prefix`.

    >>> list(_ranges("10"))[:3]
    [(10, 11), (100, 110), (1000, 1100)]
    """
    if not prefix:
        yield 0, 10**MAX_ID_DIGITS
        return
    if prefix.startswith("0"):
        if prefix == "0":
            yield 0, 1
        return
    for extra_digits in range(MAX_ID_DIGITS - len(prefix) + 1):
        yield int(prefix) * 10**extra_digits, (int(prefix) + 1) * 10**extra_digits


app = typer.Typer(add_completion=False)


@app.command()
def fill(
    *,
    data: Annotated[
        Path, typer.Option(help="Folder of raw tables.", exists=True, file_okay=False)
    ],
    lender: LenderOption = None,
) -> None:
    """Keep the dossier of every client of the folder's applications, labelled and new."""
    console = Console()
    with report_errors(console):
        settings = get_settings()
        # Imported now: the service, which reads clients, has no use for what fills them.
        from stores.clients.ingestion import fill_client_store  # noqa: PLC0415
        from stores.raw_tables.lender_mapping import LenderMapping  # noqa: PLC0415

        lender_files = LenderMapping.from_yaml(lender) if lender else None
        client_count = fill_client_store(settings, data, ProgressReporter(console), lender_files)
    console.print(f"{client_count:,} clients in {settings.clients_path}")


if __name__ == "__main__":
    app()
