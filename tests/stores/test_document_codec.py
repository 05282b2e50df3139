"""Stored dossiers come back unchanged."""

from __future__ import annotations

import orjson

from stores.document_codec import (
    COMPACT_COMPRESSION_LEVEL,
    compress_document,
    compress_json,
    decompress_document,
)
from tests.support.example_dossiers import make_applicant


def test_a_dossier_comes_back_unchanged_whether_stored_as_a_document_or_as_json() -> None:
    dossier = make_applicant()
    compressed = compress_json(orjson.dumps(dossier), level=COMPACT_COMPRESSION_LEVEL)
    assert decompress_document(compress_document(dossier)) == dossier
    assert decompress_document(compressed) == dossier
