"""A request, read from its bytes: valid, or refused with every fault named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from credit.contract.wire import MANY, MOST_ROWS, REQUEST
from credit.dossier import Document
from credit.errors import CreditError, Fault, Faulty, InvalidDossier, NotJson, nearest
from credit.schema import APPLICATION, HISTORIES, TABLES, TARGET, Kind

MOST_FAULTS = 100
"""Faults told of one request; the rest are counted."""

MOST_REQUESTS = 1_000
"""Requests in one call of `predict_many`."""

ROWS = f"a list of at most {MOST_ROWS:,} rows, or null"


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
        raise refused(error) from error


def read_said(said: object) -> ScoringRequest:
    """The request that was said: what a body holds, read already.

    Raises:
        InvalidDossier: the request breaks the schema.
    """
    try:
        return _request(REQUEST.validate_python(said))
    except ValidationError as error:
        raise refused(error) from error


def read_requests(body: bytes) -> list[ScoringRequest | CreditError]:
    """The requests in a body `{"requests": [...]}`; a bad one is an error in its place.

    Raises:
        NotJson: the body is no JSON.
        InvalidDossier: it is not such an object, or holds too many requests.
    """
    try:
        listed = MANY.validate_json(body)["requests"]
    except ValidationError as error:
        raise refused(error) from error
    if len(listed) > MOST_REQUESTS:
        raise InvalidDossier([Fault("requests", len(listed), f"at most {MOST_REQUESTS:,}")])
    return [_read_one(item) for item in listed]


def _read_one(item: object) -> ScoringRequest | CreditError:
    try:
        return read_said(item)
    except CreditError as error:
        return error


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
        seen: set[tuple[Any, ...]] = set()
        for place, row in enumerate(dossier.get(name) or ()):
            theirs = row.get("SK_ID_CURR")
            client = theirs if client is None else client
            if theirs not in (None, client):
                expected = f"the client of the dossier, {client:.0f}, or null"
                yield Fault(f"{name}[{place}].SK_ID_CURR", theirs, expected)
            if table.primary_key:
                key = tuple(row[column] for column in table.primary_key)
                if key in seen:
                    where = f"{name}[{place}].{'+'.join(table.primary_key)}"
                    yield Fault(where, list(key), "a key that no other row has")
                seen.add(key)


def refused(error: ValidationError) -> Faulty:
    """Pydantic's findings in the words of the schema."""
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        message = details[0]["msg"].removeprefix("Invalid JSON: ")
        return NotJson([Fault("body", message, "a JSON object in UTF-8")])
    faults = {fault.where: fault for fault in map(_fault, details)}
    told = list(faults.values())[:MOST_FAULTS]
    if len(faults) > MOST_FAULTS:
        told.append(Fault("request", f"{len(faults):,} faults", "none; the first are above"))
    return InvalidDossier(told)


def _fault(detail: ErrorDetails) -> Fault:
    path = list(detail["loc"])
    if path[:1] == ["dossier"] and len(path) > 1:
        path = path[1:]
    got = None if detail["type"] == "missing" else detail["input"]
    if not path:
        return Fault("request", got, "an object with client_id or dossier")
    if path[0] == "changes":
        path = [APPLICATION.name, *path[1:]]
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in _cell(path))
    return Fault(where.removeprefix("."), got, _expected(path, detail))


def _cell(path: list[int | str]) -> list[int | str]:
    """The path without what pydantic appends for the arms of a union."""
    table = str(path[0])
    return path[: 2 if table == APPLICATION.name else 3] if table in TABLES else path[:1]


def _expected(path: list[int | str], detail: ErrorDetails) -> str:
    first, column = str(path[0]), str(_cell(path)[-1])
    if first in TABLES:
        if column in TABLES[first].columns:
            changing_id = detail["loc"][0] == "changes" and TABLES[first][column].kind is Kind.ID
            return "no change of ids" if changing_id else TABLES[first][column].expected()
        if detail["type"] == "extra_forbidden":
            known = nearest(column, TABLES[first].columns)
            return "no label in a request" if column == TARGET.name else known
        if first == APPLICATION.name:
            return "an object of the application's columns"
        return ROWS if len(_cell(path)) == 1 else "an object of the table's columns"
    expected = {
        "client_id": "the integer id of a known client",
        "dossier": "an object with the application and its histories",
        "requests": f"a list of at most {MOST_REQUESTS:,} requests",
    }
    return expected.get(first, nearest(first, [*expected, "changes", *TABLES]))
