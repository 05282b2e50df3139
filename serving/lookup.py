"""Whom a request is about: its own dossier, or a client's from the store, with its changes."""

from __future__ import annotations

from typing import NamedTuple, cast

from credit.contract.request import ScoringRequest
from credit.dossier import Document
from stores.clients.store import ClientStore
from stores.document_codec import decompress_document


class ResolvedDossier(NamedTuple):
    """The dossier that a request is about."""

    document: Document
    compressed_document: bytes | None
    """As the client store keeps it, where it came from there unchanged."""


def resolve_dossier(clients: ClientStore, request: ScoringRequest) -> ResolvedDossier:
    """The dossier of a request, with its changes.

    Raises:
        UnknownClient: the client is not in the store.
    """
    compressed_document = None
    document = request.dossier
    if document is None:
        compressed_document = clients.get_compressed(cast("int", request.client_id))
        document = decompress_document(compressed_document)
    if request.changes:
        return ResolvedDossier(request.apply_changes(document), None)
    return ResolvedDossier(document, compressed_document)
