"""What is wrong with a request, in the words of the schema."""

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
"""Faults told of one request; the rest are counted."""

MAX_FAULTS_PER_CALL = 1_000
"""Faults told of one call with many requests; beyond them, one of every request."""

MAX_SUGGESTIONS_PER_CALL = 8
"""Unknown names of one call of which the nearest known one is sought: it takes a millisecond each,
and everybody else waits for it."""

MAX_PYDANTIC_ERRORS = 100_000
"""Findings that are looked through for faults: to list millions holds up everybody else."""

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
    """What one call is still told: how many faults, and what its unknown names may have meant."""

    def __init__(self) -> None:
        self._remaining_faults = MAX_FAULTS_PER_CALL
        self._suggestions: dict[tuple[str, str], str] = {}

    @property
    def max_faults(self) -> int:
        """Faults that are told of the next request; the rest are counted."""
        return MAX_FAULTS_PER_REQUEST if self._remaining_faults > 0 else 1

    def record_faults(self, error: InvalidInput) -> None:
        self._remaining_faults -= len(error.faults)

    def suggest_name(self, name: str, scope: str, known_names: Iterable[str]) -> str:
        """The nearest known name; once what was sought is enough, only that one is expected."""
        name = name[:MAX_CATEGORY_CHARS]
        if (scope, name) not in self._suggestions:
            if len(self._suggestions) == MAX_SUGGESTIONS_PER_CALL:
                return EXPECTED_KNOWN_COLUMN
            self._suggestions[scope, name] = suggest_known_name(name, known_names)
        return self._suggestions[scope, name]


def translate_validation_error(error: ValidationError, budget: FaultBudget) -> InvalidInput:
    """Pydantic's findings in the words of the schema."""
    if (count := error.error_count()) > MAX_PYDANTIC_ERRORS:
        return InvalidDossier([Fault("request", f"{count:,} faults", "none; too many to tell")])
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
        got = text  # what is not told is not kept, either
    return Fault(_format_path(path), got, _describe_expected(path, detail, budget))


def _normalise_path(detail: ErrorDetails) -> list[int | str]:
    """Where a finding is, from the table on; changes are changes to the form."""
    path = list(detail["loc"])
    if path[:1] == ["dossier"] and len(path) > 1:
        path = path[1:]
    return [APPLICATION.name, *path[1:]] if path[:1] == ["changes"] else path


def _format_path(path: list[int | str]) -> str:
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{_truncate_key(step)}"
        for step in _trim_path(path)
    )
    return "".join(steps).removeprefix(".") or "request"


def _truncate_key(key: str) -> str:
    """A key, which may be unknown and long, cut as wrong values are."""
    return key if len(key) <= MAX_SHOWN_CHARS else f"{key[: MAX_SHOWN_CHARS - 3]}..."


def _trim_path(path: list[int | str]) -> list[int | str]:
    """The path without what pydantic appends for the arms of a union."""
    table = str(path[0]) if path else ""
    return path[: 2 if table == APPLICATION.name else 3] if table in TABLES else path[:1]


def _describe_expected(path: list[int | str], detail: ErrorDetails, budget: FaultBudget) -> str:
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
