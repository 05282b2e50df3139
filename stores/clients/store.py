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
from stores.cli import Lender, Steps, errors_told
from stores.settings import settings

LONGEST_ID = 16
"""Digits of the largest id, 2^53."""

TABLE = "CREATE TABLE IF NOT EXISTS client (id INTEGER PRIMARY KEY, dossier BLOB NOT NULL)"
IDS_BETWEEN = "SELECT id FROM client WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
COUNT_BETWEEN = "SELECT count(*) FROM client WHERE id >= ? AND id < ?"


class ClientStore:
    """Dossiers in one SQLite file. Safe to share between threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = local()

    def dossier(self, client_id: int) -> Document:
        """The client's dossier.

        Raises:
            UnknownClient: none is kept under this id.
        """
        return unpack(self.packed(client_id))

    def packed(self, client_id: int) -> bytes:
        """The client's dossier as it is stored: JSON, compressed with zlib.

        Raises:
            UnknownClient: none is kept under this id.
        """
        found = self._rows("SELECT dossier FROM client WHERE id = ?", client_id)
        if not found:
            raise UnknownClient(client_id)
        packed: bytes = found[0][0]
        return packed

    def search(self, prefix: str, limit: int) -> tuple[list[int], int]:
        """Ids whose digits begin with `prefix`, the smallest first, and how many there are."""
        bounds = _ranges(prefix)
        found: list[int] = []
        total = 0
        for low, high in bounds:
            between = (low, high, max(limit - len(found), 0))
            found += [client for (client,) in self._rows(IDS_BETWEEN, *between)]
            total += self._rows(COUNT_BETWEEN, low, high)[0][0]
        return found, total

    def keep(self, documents: Iterable[tuple[int, str]]) -> int:
        """Keep dossiers, replacing those of the same id; all or, on failure, none of them.

        Returns:
            How many were kept.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        count = 0
        with self._connection() as connection:
            for client, document in documents:
                row = (client, zlib.compress(document.encode(), 6))
                connection.execute("INSERT OR REPLACE INTO client VALUES (?, ?)", row)
                count += 1
        return count

    def _rows(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        return self._connection().execute(query, values).fetchall()

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._local.connection = sqlite3.connect(self._path, timeout=30)
            self._local.connection.execute("PRAGMA journal_mode=WAL")
            self._local.connection.execute(TABLE)
        connection: sqlite3.Connection = self._local.connection
        return connection


def unpack(packed: bytes) -> Document:
    """The dossier that was stored."""
    document: Document = orjson.loads(zlib.decompress(packed))
    return document


def _ranges(prefix: str) -> Iterator[tuple[int, int]]:
    """The ranges of ids, upper end left out, whose digits begin with `prefix`.

    >>> list(_ranges("10"))[:3]
    [(10, 11), (100, 110), (1000, 1100)]
    """
    if not prefix:
        yield 0, 10**LONGEST_ID
        return
    if prefix.startswith("0"):
        if prefix == "0":
            yield 0, 1
        return
    for digits in range(LONGEST_ID - len(prefix) + 1):
        yield int(prefix) * 10**digits, (int(prefix) + 1) * 10**digits


app = typer.Typer(add_completion=False)


@app.command()
def fill(
    *,
    data: Annotated[
        Path, typer.Option(help="Folder of raw tables.", exists=True, file_okay=False)
    ],
    lender: Lender = None,
) -> None:
    """Keep the dossier of every client of the folder's applications, labelled and new."""
    console = Console()
    with errors_told(console):
        where = settings()
        # Imported now: the service, which reads clients, has no use for what fills them.
        from stores.clients.ingestion import fill_clients  # noqa: PLC0415
        from stores.raw_tables.lender_mapping import LenderFiles  # noqa: PLC0415

        mapped = LenderFiles.read(lender) if lender else None
        kept = fill_clients(where, data, Steps(console), mapped)
    console.print(f"{kept:,} clients in {where.clients}")


if __name__ == "__main__":
    app()
