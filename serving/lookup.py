"""Whom a request is about: its own dossier, or a client's from the store, with its changes."""

from __future__ import annotations

from typing import NamedTuple, cast

from credit.contract.request import ScoringRequest
from credit.dossier import Document
from stores.clients.store import ClientStore, unpack


class Found(NamedTuple):
    """The dossier that a request is about."""

    document: Document
    packed: bytes | None
    """As the client store keeps it, where it came from there unchanged."""


def find(clients: ClientStore, request: ScoringRequest) -> Found:
    """The dossier of a request, with its changes.

    Raises:
        UnknownClient: the client is not in the store.
    """
    packed = None
    document = request.dossier
    if document is None:
        packed = clients.packed(cast("int", request.client_id))
        document = unpack(packed)
    if request.changes:
        return Found(request.changed(document), None)
    return Found(document, packed)
