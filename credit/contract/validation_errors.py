"""What is wrong with a request, in the words of the schema."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from credit.contract.wire_types import LONGEST_WORD, MOST_ROWS
from credit.errors import (
    KNOWN,
    LONGEST_SHOWN,
    Fault,
    Faulty,
    InvalidDossier,
    NotJson,
    nearest,
    shown,
)
from credit.schema import APPLICATION, TABLES, TARGET, Kind

MOST_FAULTS = 100
"""Faults told of one request; the rest are counted."""

MOST_TOLD = 1_000
"""Faults told of one call with many requests; beyond them, one of every request."""

MOST_SUGGESTED = 8
"""Unknown names of one call of which the nearest known one is sought: it takes a millisecond each,
and everybody else waits for it."""

MOST_LISTED = 100_000
"""Findings that are looked through for faults: to list millions holds up everybody else."""

MOST_REQUESTS = 1_000
"""Requests in one call of `predict_many`."""

ROWS = f"a list of at most {MOST_ROWS:,} rows, or null"
LABEL = "no label in a request"
REQUEST_KEYS = {
    "client_id": "the integer id of a known client",
    "dossier": "an object with the application and its histories",
    "requests": f"a list of at most {MOST_REQUESTS:,} requests",
}
KNOWN_KEYS = (*REQUEST_KEYS, "changes", *TABLES)


class Telling:
    """What one call is still told: how many faults, and what its unknown names may have meant."""

    def __init__(self) -> None:
        self._faults = MOST_TOLD
        self._sought: dict[tuple[str, str], str] = {}

    @property
    def most(self) -> int:
        """Faults that are told of the next request; the rest are counted."""
        return MOST_FAULTS if self._faults > 0 else 1

    def told(self, error: Faulty) -> None:
        self._faults -= len(error.faults)

    def nearest(self, name: str, place: str, known: Iterable[str]) -> str:
        """The nearest known name; once what was sought is enough, only that one is expected."""
        name = name[:LONGEST_WORD]
        if (place, name) not in self._sought:
            if len(self._sought) == MOST_SUGGESTED:
                return KNOWN
            self._sought[place, name] = nearest(name, known)
        return self._sought[place, name]


def refused(error: ValidationError, telling: Telling) -> Faulty:
    """Pydantic's findings in the words of the schema."""
    if (count := error.error_count()) > MOST_LISTED:
        return InvalidDossier([Fault("request", f"{count:,} faults", "none; too many to tell")])
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        message = details[0]["msg"].removeprefix("Invalid JSON: ")
        return NotJson([Fault("body", message, "a JSON object in UTF-8")])
    faults = {tuple(_cell(_path(detail))): detail for detail in details}
    told = [_fault(faults[place], telling) for place in islice(faults, telling.most)]
    if len(faults) > len(told):
        told.append(Fault("request", f"{len(faults):,} faults", "none; the first are above"))
    return InvalidDossier(told)


def _fault(detail: ErrorDetails, telling: Telling) -> Fault:
    path = _path(detail)
    got = None if detail["type"] == "missing" else detail["input"]
    if isinstance(got, (list, dict)) and len(text := shown(got)) == LONGEST_SHOWN:
        got = text  # what is not told is not kept, either
    return Fault(_where(path), got, _expected(path, detail, telling))


def _path(detail: ErrorDetails) -> list[int | str]:
    """Where a finding is, from the table on; changes are changes to the form."""
    path = list(detail["loc"])
    if path[:1] == ["dossier"] and len(path) > 1:
        path = path[1:]
    return [APPLICATION.name, *path[1:]] if path[:1] == ["changes"] else path


def _where(path: list[int | str]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{_short(step)}" for step in _cell(path))
    return "".join(steps).removeprefix(".") or "request"


def _short(key: str) -> str:
    """A key, which may be unknown and long, cut as wrong values are."""
    return key if len(key) <= LONGEST_SHOWN else f"{key[: LONGEST_SHOWN - 3]}..."


def _cell(path: list[int | str]) -> list[int | str]:
    """The path without what pydantic appends for the arms of a union."""
    table = str(path[0]) if path else ""
    return path[: 2 if table == APPLICATION.name else 3] if table in TABLES else path[:1]


def _expected(path: list[int | str], detail: ErrorDetails, telling: Telling) -> str:
    if not path:
        return "an object with client_id or dossier"
    first, column = str(path[0]), str(_cell(path)[-1])
    if first not in TABLES:
        return REQUEST_KEYS.get(first) or telling.nearest(first, "request", KNOWN_KEYS)
    if column in TABLES[first].columns:
        changing_id = detail["loc"][0] == "changes" and TABLES[first][column].kind is Kind.ID
        return "no change of ids" if changing_id else TABLES[first][column].expected()
    if detail["type"] == "extra_forbidden":
        is_label = column == TARGET.name
        return LABEL if is_label else telling.nearest(column, first, TABLES[first].columns)
    if first == APPLICATION.name:
        return "an object of the application's columns"
    return ROWS if len(_cell(path)) == 1 else "an object of the table's columns"
