"""Whom a request is about: its own dossier, or a client's from the store, with its changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from credit.contract.request import ScoringRequest
from credit.dossier import Document
from credit.errors import CreditError
from credit.schema import HISTORIES
from stores.clients import ClientStore, unpack


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


def find_all(
    clients: ClientStore, requests: Sequence[ScoringRequest | CreditError]
) -> list[Found | CreditError]:
    """The dossiers of requests in order, an error in the place of a bad one."""
    found: list[Found | CreditError] = []
    for request in requests:
        try:
            found.append(request if isinstance(request, CreditError) else find(clients, request))
        except CreditError as error:
            found.append(error)
    return found


def weight(document: Document) -> float:
    """What a dossier weighs: the form as much as fifty rows of history."""
    return 1 + sum(len(document.get(name) or ()) for name in HISTORIES) / 50
