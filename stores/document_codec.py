"""Dossiers as they are stored: JSON compressed with zlib."""

from __future__ import annotations

import zlib

import orjson

from credit.dossier import Document

FAST_COMPRESSION_LEVEL = 1
"""For the ledger, which compresses while a caller waits for the answer."""

COMPACT_COMPRESSION_LEVEL = 6
"""For the client store, which is filled once and read often."""


def compress_document(document: Document, *, level: int = FAST_COMPRESSION_LEVEL) -> bytes:
    """Encode a dossier as JSON and compress it."""
    return compress_json(orjson.dumps(document), level=level)


def compress_json(document_json: bytes, *, level: int) -> bytes:
    """Compress a dossier that is JSON already.

    Args:
        document_json: The JSON text, encoded as UTF-8.
        level: Compression level of zlib, from 1 (fast) to 9 (small).
    """
    return zlib.compress(document_json, level)


def decompress_document(compressed: bytes) -> Document:
    """Return the dossier that `compress_document` or `compress_json` stored."""
    document: Document = orjson.loads(zlib.decompress(compressed))
    return document
