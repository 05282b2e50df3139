"""A request, read from its bytes: valid, or refused with every fault named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from credit.contract.wire import LONGEST_WORD, MANY, MOST_ROWS, REQUEST
from credit.dossier import Document
from credit.errors import CreditError, Fault, Faulty, InvalidDossier, NotJson, nearest
from credit.schema import APPLICATION, HISTORIES, TABLES, TARGET, Kind

MOST_FAULTS = 100
"""Faults told of one request; the rest are counted."""

MOST_TOLD = 1_000
"""Faults told of one call with many requests; beyond them, one of every request."""

MOST_LISTED = 100_000
"""Findings that are looked through for faults: to list millions holds up everybody else."""

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
    return _read(said, MOST_FAULTS)


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
    return read_each(listed)


def read_each(said: Iterable[object]) -> list[ScoringRequest | CreditError]:
    """The requests that were said, in order; a bad one is an error in its place.

    What is an error already stays what it is.
    """
    read: list[ScoringRequest | CreditError] = []
    told = 0
    for item in said:
        if isinstance(item, CreditError):
            read.append(item)
            continue
        try:
            read.append(_read(item, MOST_FAULTS if told < MOST_TOLD else 1))
        except InvalidDossier as error:
            read.append(error)
            told += len(error.faults)
    return read


def _read(said: object, most: int) -> ScoringRequest:
    try:
        return _request(REQUEST.validate_python(said))
    except ValidationError as error:
        raise refused(error, most) from error


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


def refused(error: ValidationError, most: int = MOST_FAULTS) -> Faulty:
    """Pydantic's findings in the words of the schema.

    Args:
        most: Faults that are told; the rest are counted.
    """
    if (count := error.error_count()) > MOST_LISTED:
        return InvalidDossier([Fault("request", f"{count:,} faults", "none; too many to tell")])
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        message = details[0]["msg"].removeprefix("Invalid JSON: ")
        return NotJson([Fault("body", message, "a JSON object in UTF-8")])
    faults = {_where(_path(detail)): detail for detail in details}
    told = [_fault(where, faults[where]) for where in islice(faults, most)]
    if len(faults) > most:
        told.append(Fault("request", f"{len(faults):,} faults", "none; the first are above"))
    return InvalidDossier(told)


def _fault(where: str, detail: ErrorDetails) -> Fault:
    got = None if detail["type"] == "missing" else detail["input"]
    return Fault(where, got, _expected(_path(detail), detail))


def _path(detail: ErrorDetails) -> list[int | str]:
    """Where a finding is, from the table on; changes are changes to the form."""
    path = list(detail["loc"])
    if path[:1] == ["dossier"] and len(path) > 1:
        path = path[1:]
    return [APPLICATION.name, *path[1:]] if path[:1] == ["changes"] else path


def _where(path: list[int | str]) -> str:
    if not path:
        return "request"
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in _cell(path))
    return "".join(steps).removeprefix(".")


def _cell(path: list[int | str]) -> list[int | str]:
    """The path without what pydantic appends for the arms of a union."""
    table = str(path[0])
    return path[: 2 if table == APPLICATION.name else 3] if table in TABLES else path[:1]


def _expected(path: list[int | str], detail: ErrorDetails) -> str:
    if not path:
        return "an object with client_id or dossier"
    first, column = str(path[0]), str(_cell(path)[-1])
    if first in TABLES:
        if column in TABLES[first].columns:
            changing_id = detail["loc"][0] == "changes" and TABLES[first][column].kind is Kind.ID
            return "no change of ids" if changing_id else TABLES[first][column].expected()
        if detail["type"] == "extra_forbidden":
            known = _nearest(column[:LONGEST_WORD], first)
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


@lru_cache(maxsize=1_024)
def _nearest(column: str, table: str) -> str:
    """Sought once: many requests of one caller are misspelt alike."""
    return nearest(column, TABLES[table].columns)
