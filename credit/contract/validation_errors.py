"""Translate pydantic's validation errors into faults described with the schema's terms."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from credit.contract.wire_types import MAX_CATEGORY_CHARS, MAX_ROWS_PER_HISTORY
from credit.errors import (
    EXPECTED_KNOWN_COLUMN,
    MAX_SHOWN_CHARS,
    Fault,
    InvalidDossier,
    InvalidInput,
    NotJson,
    abbreviate_value,
    suggest_known_name,
)
from credit.schema import APPLICATION, TABLES, TARGET, ColumnKind

MAX_FAULTS_PER_REQUEST = 100
"""Faults listed for one request; the rest are counted."""

MAX_FAULTS_PER_CALL = 1_000
"""Faults listed for one call with many requests; after these, one per request is listed."""

MAX_SUGGESTIONS_PER_CALL = 8
"""Unknown names per call for which the nearest known name is suggested. Each search takes 1 ms and
blocks all other requests."""

MAX_PYDANTIC_ERRORS = 100_000
"""Pydantic errors translated for one request. Listing millions would block all other requests."""

MAX_REQUESTS_PER_CALL = 1_000
"""Requests in one call of `predict_many`."""

EXPECTED_ROWS = f"a list of at most {MAX_ROWS_PER_HISTORY:,} rows, or null"
EXPECTED_NO_LABEL = "no label in a request"
REQUEST_KEYS = {
    "client_id": "the integer id of a known client",
    "dossier": "an object with the application and its histories",
    "requests": f"a list of at most {MAX_REQUESTS_PER_CALL:,} requests",
}
KNOWN_KEYS = (*REQUEST_KEYS, "changes", *TABLES)


class FaultBudget:
    """Limit the faults listed and the names suggested in the answer to one call.

    Suggestions are cached: a name repeated in many requests counts once.
    """

    def __init__(self) -> None:
        self._remaining_faults = MAX_FAULTS_PER_CALL
        self._suggestions: dict[tuple[str, str], str] = {}

    @property
    def max_faults(self) -> int:
        """Return how many faults to list for the next request."""
        return MAX_FAULTS_PER_REQUEST if self._remaining_faults > 0 else 1

    def record_faults(self, error: InvalidInput) -> None:
        """Subtract the faults of `error` from the budget."""
        self._remaining_faults -= len(error.faults)

    def suggest_name(self, name: str, scope: str, known_names: Iterable[str]) -> str:
        """Return the expectation for an unknown `name`, with the nearest of `known_names` if any.

        After `MAX_SUGGESTIONS_PER_CALL` searches, no name is suggested. `scope` is the table or
        object that the name belongs to.
        """
        name = name[:MAX_CATEGORY_CHARS]
        if (scope, name) not in self._suggestions:
            if len(self._suggestions) == MAX_SUGGESTIONS_PER_CALL:
                return EXPECTED_KNOWN_COLUMN
            self._suggestions[scope, name] = suggest_known_name(name, known_names)
        return self._suggestions[scope, name]


def translate_validation_error(error: ValidationError, budget: FaultBudget) -> InvalidInput:
    """Return the error to raise instead of pydantic's, with the faults that `budget` allows.

    Returns:
        `NotJson` if the body is not JSON, else `InvalidDossier`. If faults are left out, the last
        fault gives their total number.
    """
    if (count := error.error_count()) > MAX_PYDANTIC_ERRORS:
        return InvalidDossier([Fault("request", f"{count:,} faults", "none; too many to list")])
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        message = details[0]["msg"].removeprefix("Invalid JSON: ")
        return NotJson([Fault("body", message, "a JSON object in UTF-8")])
    detail_by_path = {tuple(_trim_path(_normalise_path(detail))): detail for detail in details}
    reported = [
        _build_fault(detail_by_path[path], budget)
        for path in islice(detail_by_path, budget.max_faults)
    ]
    if len(detail_by_path) > len(reported):
        reported.append(
            Fault("request", f"{len(detail_by_path):,} faults", "none; the first are above")
        )
    return InvalidDossier(reported)


def _build_fault(detail: ErrorDetails, budget: FaultBudget) -> Fault:
    path = _normalise_path(detail)
    got = None if detail["type"] == "missing" else detail["input"]
    if isinstance(got, (list, dict)) and len(text := abbreviate_value(got)) == MAX_SHOWN_CHARS:
        got = text  # so that the large value is not kept in memory
    return Fault(_format_path(path), got, _describe_expected(path, detail, budget))


def _normalise_path(detail: ErrorDetails) -> list[int | str]:
    """Return the error's location from the table on; `changes` become the application form."""
    path = list(detail["loc"])
    if path[:1] == ["dossier"] and len(path) > 1:
        path = path[1:]
    return [APPLICATION.name, *path[1:]] if path[:1] == ["changes"] else path


def _format_path(path: list[int | str]) -> str:
    """Return the location as text, such as `bureau[0].AMT_ANNUITY`."""
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{_truncate_key(step)}"
        for step in _trim_path(path)
    )
    return "".join(steps).removeprefix(".") or "request"


def _truncate_key(key: str) -> str:
    """Shorten a key sent by the client to the length at which wrong values are cut."""
    return key if len(key) <= MAX_SHOWN_CHARS else f"{key[: MAX_SHOWN_CHARS - 3]}..."


def _trim_path(path: list[int | str]) -> list[int | str]:
    """Return the path without the steps that pydantic appends for the members of a union."""
    table = str(path[0]) if path else ""
    return path[: 2 if table == APPLICATION.name else 3] if table in TABLES else path[:1]


def _describe_expected(path: list[int | str], detail: ErrorDetails, budget: FaultBudget) -> str:
    """Return what is accepted at `path`."""
    if not path:
        return "an object with client_id or dossier"
    root, column = str(path[0]), str(_trim_path(path)[-1])
    if root not in TABLES:
        return REQUEST_KEYS.get(root) or budget.suggest_name(root, "request", KNOWN_KEYS)
    if column in TABLES[root].columns:
        changing_id = detail["loc"][0] == "changes" and TABLES[root][column].kind is ColumnKind.ID
        return "no change of ids" if changing_id else TABLES[root][column].describe_expected()
    if detail["type"] == "extra_forbidden":
        is_label = column == TARGET.name
        return (
            EXPECTED_NO_LABEL
            if is_label
            else budget.suggest_name(column, root, TABLES[root].columns)
        )
    if root == APPLICATION.name:
        return "an object of the application's columns"
    return EXPECTED_ROWS if len(_trim_path(path)) == 1 else "an object of the table's columns"
