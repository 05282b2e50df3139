"""Parse and validate requests; an invalid request is rejected with all its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from typing import Any

from pydantic import ValidationError

from credit.contract.json_splitter import split_requests
from credit.contract.validation_errors import (
    MAX_FAULTS_PER_REQUEST,
    MAX_REQUESTS_PER_CALL,
    FaultBudget,
    translate_validation_error,
)
from credit.contract.wire_types import MAX_REQUEST_BYTES, REQUEST_ADAPTER, REQUEST_LIST_ADAPTER
from credit.dossier import Document
from credit.errors import CreditError, Fault, InvalidDossier, NotJson
from credit.schema import APPLICATION, HISTORIES


@dataclass(frozen=True, kw_only=True)
class ScoringRequest:
    """A valid request: a stored client or a dossier, and changes to its application form."""

    client_id: int | None = None
    dossier: Document | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    def apply_changes(self, document: Document) -> Document:
        """Return `document` with this request's changes to the application form."""
        if not self.changes:
            return document
        return {**document, APPLICATION.name: {**document[APPLICATION.name], **self.changes}}


def parse_request(body: bytes) -> ScoringRequest:
    """Return the request in a JSON body.

    Raises:
        NotJson: The body is not JSON.
        InvalidDossier: The request does not match the schema.
    """
    try:
        return _build_request(REQUEST_ADAPTER.validate_json(body))
    except ValidationError as error:
        raise translate_validation_error(error, FaultBudget()) from error


def parse_python(data: object) -> ScoringRequest:
    """Return the request in an object that was decoded from JSON.

    Raises:
        InvalidDossier: The request does not match the schema.
    """
    return _parse_object(data, FaultBudget())


def parse_requests(body: bytes) -> list[ScoringRequest | CreditError]:
    """Return the requests in a body `{"requests": [...]}`, in order; invalid ones as errors.

    The body is split first and each request parsed by itself: other threads run in between.

    Raises:
        NotJson: The body is not JSON.
        InvalidDossier: The body is not such an object, or holds too many requests.
    """
    slices = split_requests(body, MAX_REQUESTS_PER_CALL)
    if slices is None:
        return parse_python_many(_parse_whole_body(body))
    if len(slices) > MAX_REQUESTS_PER_CALL:
        raise build_batch_size_error()
    budget = FaultBudget()
    return [
        _parse_or_return_error(partial(_parse_item, body[item_slice], index), budget)
        for index, item_slice in enumerate(slices)
    ]


def parse_python_many(objects: Iterable[object]) -> list[ScoringRequest | CreditError]:
    """Return the requests in objects decoded from JSON, in order; invalid ones as errors.

    An item that is already an error is returned as it is.
    """
    budget = FaultBudget()
    return [
        item
        if isinstance(item, CreditError)
        else _parse_or_return_error(partial(_parse_object, item), budget)
        for item in objects
    ]


def build_batch_size_error() -> InvalidDossier:
    """Return the error for a call with too many requests, which are not counted."""
    limit = f"{MAX_REQUESTS_PER_CALL:,}"
    return InvalidDossier([Fault("requests", f"more than {limit}", f"at most {limit}")])


def _parse_whole_body(body: bytes) -> list[object]:
    """Return the items of a body that cannot be split; it may be as large as one request."""
    if len(body) > MAX_REQUEST_BYTES:
        expected = 'only {"requests": [...]}, which is parsed one request at a time'
        raise InvalidDossier([Fault("request", f"{len(body):,} bytes", expected)])
    try:
        requests: list[object] = REQUEST_LIST_ADAPTER.validate_json(body)["requests"]
    except ValidationError as error:
        raise translate_validation_error(error, FaultBudget()) from error
    if len(requests) > MAX_REQUESTS_PER_CALL:
        raise build_batch_size_error()
    return requests


def _parse_or_return_error(
    parse: Callable[[FaultBudget], ScoringRequest], budget: FaultBudget
) -> ScoringRequest | InvalidDossier:
    """Return what `parse` returns or its error, which is charged to the budget."""
    try:
        return parse(budget)
    except InvalidDossier as error:
        budget.record_faults(error)
        return error


def _parse_item(item: bytes, index: int, budget: FaultBudget) -> ScoringRequest:
    """Return the request in one slice of a body; `index` locates it in the error."""
    if len(item) > MAX_REQUEST_BYTES:
        raise InvalidDossier(
            [Fault("request", f"{len(item):,} bytes", f"at most {MAX_REQUEST_BYTES:,}")]
        )
    try:
        return _build_request(REQUEST_ADAPTER.validate_json(item))
    except ValidationError as error:
        invalid = translate_validation_error(error, budget)
        if isinstance(invalid, NotJson):
            invalid = NotJson(
                [replace(fault, where=f"requests[{index}]") for fault in invalid.faults]
            )
        raise invalid from error


def _parse_object(data: object, budget: FaultBudget) -> ScoringRequest:
    try:
        return _build_request(REQUEST_ADAPTER.validate_python(data))
    except ValidationError as error:
        raise translate_validation_error(error, budget) from error


def _build_request(data: Mapping[str, Any]) -> ScoringRequest:
    """Return the request after the checks that the types cannot express."""
    client_id, dossier = data.get("client_id"), data.get("dossier")
    if (client_id is None) == (dossier is None):
        got = "neither" if dossier is None else "both"
        raise InvalidDossier([Fault("request", got, "exactly one of client_id and dossier")])
    if dossier is not None and (faults := list(_find_conflicts(dossier))):
        raise InvalidDossier(faults[:MAX_FAULTS_PER_REQUEST])
    return ScoringRequest(
        client_id=None if client_id is None else int(client_id),
        dossier=dossier,
        changes=data.get("changes") or {},
    )


def _find_conflicts(dossier: Document) -> Iterator[Fault]:
    """Yield a fault for each row of another client and for each repeated primary key."""
    client_id = dossier[APPLICATION.name].get("SK_ID_CURR")
    for name, table in HISTORIES.items():
        rows = dossier.get(name) or ()
        owners = [row.get("SK_ID_CURR") for row in rows]
        if client_id is None:
            client_id = next((owner for owner in owners if owner is not None), None)
        # A dossier has hundreds of rows: they are checked one by one only after a fault is found.
        if set(owners) - {None, client_id}:
            yield from _find_foreign_rows(name, owners, client_id)
        if table.primary_key and len(set(map(itemgetter(*table.primary_key), rows))) < len(rows):
            yield from _find_duplicate_keys(name, rows, table.primary_key)


def _find_foreign_rows(
    name: str, owners: Sequence[float | None], client_id: float
) -> Iterator[Fault]:
    expected = f"the client of the dossier, {client_id:.0f}, or null"
    for index, owner in enumerate(owners):
        if owner not in (None, client_id):
            yield Fault(f"{name}[{index}].SK_ID_CURR", owner, expected)


def _find_duplicate_keys(
    name: str, rows: Sequence[Mapping[str, Any]], key: tuple[str, ...]
) -> Iterator[Fault]:
    previous_keys: set[tuple[Any, ...]] = set()
    for index, row in enumerate(rows):
        values = tuple(row[column] for column in key)
        if values in previous_keys:
            yield Fault(
                f"{name}[{index}].{'+'.join(key)}", list(values), "a key that no other row has"
            )
        previous_keys.add(values)
