"""The raw dossiers of known clients, by client id. They depend on no feature and no model."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import local
from typing import Any

from credit.dossier import Document
from credit.errors import UnknownClient
from stores.document_codec import COMPACT_COMPRESSION_LEVEL, compress_json, decompress_document

MAX_ID_DIGITS = 16
"""Digits of the largest client id, 2^53."""

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
        """Return the client's dossier.

        Raises:
            UnknownClient: the store has no client with this id.
        """
        return decompress_document(self.get_compressed(client_id))

    def get_compressed(self, client_id: int) -> bytes:
        """Return the client's dossier as stored: JSON, compressed with zlib.

        Raises:
            UnknownClient: the store has no client with this id.
        """
        rows = self._fetch_rows("SELECT dossier FROM client WHERE id = ?", client_id)
        if not rows:
            raise UnknownClient(client_id)
        blob: bytes = rows[0][0]
        return blob

    def search(self, prefix: str, limit: int) -> tuple[list[int], int]:
        """Find the clients with ids that begin with some digits.

        Args:
            prefix: Leading digits; the empty string matches every client.
            limit: Maximum number of ids to return.

        Returns:
            The smallest matching ids in ascending order, and the number of all matches.
        """
        ids: list[int] = []
        total = 0
        for low, high in _iter_id_ranges(prefix):
            parameters = (low, high, max(limit - len(ids), 0))
            ids += [client_id for (client_id,) in self._fetch_rows(SELECT_IDS_SQL, *parameters)]
            total += self._fetch_rows(COUNT_IDS_SQL, low, high)[0][0]
        return ids, total

    def save(self, documents: Iterable[tuple[int, str]]) -> int:
        """Store dossiers in one transaction; a dossier with the same id is replaced.

        Args:
            documents: Pairs of client id and dossier as JSON text.

        Returns:
            The number of dossiers stored.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        count = 0
        with self._get_connection() as connection:
            for client_id, document_json in documents:
                blob = compress_json(document_json.encode(), level=COMPACT_COMPRESSION_LEVEL)
                connection.execute(
                    "INSERT OR REPLACE INTO client VALUES (?, ?)", (client_id, blob)
                )
                count += 1
        return count

    def _fetch_rows(self, query: str, *parameters: int) -> list[tuple[Any, ...]]:
        return self._get_connection().execute(query, parameters).fetchall()

    def _get_connection(self) -> sqlite3.Connection:
        """Return this thread's connection; SQLite connections are not shared between threads."""
        if not hasattr(self._thread_local, "connection"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._thread_local.connection = sqlite3.connect(self._path, timeout=30)
            self._thread_local.connection.execute("PRAGMA journal_mode=WAL")
            self._thread_local.connection.execute(CREATE_TABLE_SQL)
        connection: sqlite3.Connection = self._thread_local.connection
        return connection


def _iter_id_ranges(prefix: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of ids that begin with the digits `prefix`; the upper end is excluded.

    One range per number of digits, so that a search is a few lookups in the primary key.

    >>> list(_iter_id_ranges("10"))[:3]
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
