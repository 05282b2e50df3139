"""A request, read from its bytes: valid, or refused with every fault named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from typing import Any

from pydantic import ValidationError

from credit.contract.json_splitter import items
from credit.contract.validation_errors import MOST_FAULTS, MOST_REQUESTS, Telling, refused
from credit.contract.wire_types import LARGEST, MANY, REQUEST
from credit.dossier import Document
from credit.errors import CreditError, Fault, InvalidDossier, NotJson
from credit.schema import APPLICATION, HISTORIES


@dataclass(frozen=True, kw_only=True)
class ScoringRequest:
    """What is to be judged: a client of the store, or a dossier, with changes to the form."""

    client_id: int | None = None
    dossier: Document | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, document: Document) -> Document:
        """A dossier with this request's changes made to its application form."""
        if not self.changes:
            return document
        return {**document, APPLICATION.name: {**document[APPLICATION.name], **self.changes}}


def read_request(body: bytes) -> ScoringRequest:
    """The request in a body.

    Raises:
        NotJson: the body is no JSON.
        InvalidDossier: the request breaks the schema.
    """
    try:
        return _request(REQUEST.validate_json(body))
    except ValidationError as error:
        raise refused(error, Telling()) from error


def read_said(said: object) -> ScoringRequest:
    """The request that was said: what a body holds, read already.

    Raises:
        InvalidDossier: the request breaks the schema.
    """
    return _read(said, Telling())


def read_requests(body: bytes) -> list[ScoringRequest | CreditError]:
    """The requests in a body `{"requests": [...]}`; a bad one is an error in its place.

    They are read one by one: between them, others get on.

    Raises:
        NotJson: the body is no JSON.
        InvalidDossier: it is not such an object, or holds too many requests.
    """
    places = items(body, MOST_REQUESTS)
    if places is None:
        return read_each(_all_at_once(body))
    if len(places) > MOST_REQUESTS:
        raise too_many()
    telling = Telling()
    return [
        _in_place(partial(_read_item, body[place], number), telling)
        for number, place in enumerate(places)
    ]


def read_each(said: Iterable[object]) -> list[ScoringRequest | CreditError]:
    """The requests that were said, in order; a bad one is an error in its place.

    What is an error already stays what it is.
    """
    telling = Telling()
    return [
        item if isinstance(item, CreditError) else _in_place(partial(_read, item), telling)
        for item in said
    ]


def too_many() -> InvalidDossier:
    """Where one call holds more requests than it may; they are not even counted."""
    most = f"{MOST_REQUESTS:,}"
    return InvalidDossier([Fault("requests", f"more than {most}", f"at most {most}")])


def _all_at_once(body: bytes) -> list[object]:
    if len(body) > LARGEST:
        expected = 'plainly {"requests": [...]}, so that each can be read by itself'
        raise InvalidDossier([Fault("request", f"{len(body):,} bytes", expected)])
    try:
        listed: list[object] = MANY.validate_json(body)["requests"]
    except ValidationError as error:
        raise refused(error, Telling()) from error
    if len(listed) > MOST_REQUESTS:
        raise too_many()
    return listed


def _in_place(
    read: Callable[[Telling], ScoringRequest], telling: Telling
) -> ScoringRequest | InvalidDossier:
    try:
        return read(telling)
    except InvalidDossier as error:
        telling.told(error)
        return error


def _read_item(item: bytes, number: int, telling: Telling) -> ScoringRequest:
    if len(item) > LARGEST:
        raise InvalidDossier([Fault("request", f"{len(item):,} bytes", f"at most {LARGEST:,}")])
    try:
        return _request(REQUEST.validate_json(item))
    except ValidationError as error:
        told = refused(error, telling)
        if isinstance(told, NotJson):
            told = NotJson([replace(fault, where=f"requests[{number}]") for fault in told.faults])
        raise told from error


def _read(said: object, telling: Telling) -> ScoringRequest:
    try:
        return _request(REQUEST.validate_python(said))
    except ValidationError as error:
        raise refused(error, telling) from error


def _request(said: Mapping[str, Any]) -> ScoringRequest:
    client, dossier = said.get("client_id"), said.get("dossier")
    if (client is None) == (dossier is None):
        got = "neither" if dossier is None else "both"
        raise InvalidDossier([Fault("request", got, "exactly one of client_id and dossier")])
    if dossier is not None and (faults := list(_disagreements(dossier))):
        raise InvalidDossier(faults[:MOST_FAULTS])
    return ScoringRequest(
        client_id=None if client is None else int(client),
        dossier=dossier,
        changes=said.get("changes") or {},
    )


def _disagreements(dossier: Document) -> Iterator[Fault]:
    """Rows of another client, and rows that share a primary key."""
    client = dossier[APPLICATION.name].get("SK_ID_CURR")
    for name, table in HISTORIES.items():
        rows = dossier.get(name) or ()
        owners = [row.get("SK_ID_CURR") for row in rows]
        if client is None:
            client = next((owner for owner in owners if owner is not None), None)
        # Row by row only where something is wrong: a dossier has hundreds of them.
        if set(owners) - {None, client}:
            yield from _strangers(name, owners, client)
        if table.primary_key and len(set(map(itemgetter(*table.primary_key), rows))) < len(rows):
            yield from _repeated(name, rows, table.primary_key)


def _strangers(name: str, owners: Sequence[float | None], client: float) -> Iterator[Fault]:
    expected = f"the client of the dossier, {client:.0f}, or null"
    for place, owner in enumerate(owners):
        if owner not in (None, client):
            yield Fault(f"{name}[{place}].SK_ID_CURR", owner, expected)


def _repeated(
    name: str, rows: Sequence[Mapping[str, Any]], key: tuple[str, ...]
) -> Iterator[Fault]:
    seen: set[tuple[Any, ...]] = set()
    for place, row in enumerate(rows):
        cells = tuple(row[column] for column in key)
        if cells in seen:
            yield Fault(
                f"{name}[{place}].{'+'.join(key)}", list(cells), "a key that no other row has"
            )
        seen.add(cells)
