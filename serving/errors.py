"""How the domain's errors are told to callers: one table, one shape, nothing of our insides."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import Any

from credit.errors import (
    MAX_SHOWN_CHARS,
    CreditError,
    InvalidInput,
    LedgerUnavailable,
    abbreviate_value,
)

LOG = logging.getLogger("bentoml.credit")

HTTP_STATUS_BY_CODE = {
    "not-json": HTTPStatus.BAD_REQUEST,
    "not-protobuf": HTTPStatus.BAD_REQUEST,
    "invalid-request": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unknown-client": HTTPStatus.NOT_FOUND,
    "unknown-decision": HTTPStatus.NOT_FOUND,
    "idempotency-key-reused": HTTPStatus.CONFLICT,
    "model-replaced": HTTPStatus.CONFLICT,
    "body-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "ledger-unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "deadline-exceeded": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""HTTP's word for a code. What is not listed is our own fault: 500, with nothing said of it."""


class BodyTooLarge(CreditError):
    """The body of a request is larger than its door lets in."""

    code = "body-too-large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the body is larger than {max_bytes:,} bytes")


class Overloaded(CreditError):
    """More is asked for than can be answered in good time; nothing was begun."""

    code = "overloaded"

    def __init__(self, wait_seconds: float) -> None:
        self.retry_after = max(math.ceil(wait_seconds), 1)
        """Seconds after which to ask again."""
        super().__init__(f"too much is asked at once; ask again in {self.retry_after} s")


class DeadlineExceeded(CreditError):
    """The time that the caller or the service gives a request was over before the answer."""

    code = "deadline-exceeded"

    def __init__(self) -> None:
        super().__init__("the time for the answer was over; nobody waits for it any more")


class ModelReplaced(CreditError):
    """An explanation is asked for again, and the model that gave it serves no more."""

    code = "model-replaced"

    def __init__(self, decision_id: str | None, version: str) -> None:
        super().__init__(
            f"decision {decision_id} was explained by {version}, which serves no more; "
            f"the decision itself is under /v1/decisions/{decision_id}"
        )


def get_retry_after_seconds(error: BaseException) -> int | None:
    """Seconds after which to ask again, where that may help."""
    return error.retry_after if isinstance(error, (Overloaded, LedgerUnavailable)) else None


def get_http_status(error: BaseException) -> HTTPStatus:
    code = error.code if isinstance(error, CreditError) else ""
    return HTTP_STATUS_BY_CODE.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)


def log_internal_error(message: str, error: BaseException) -> None:
    """Log a fault of ours, whole; a caller's is told to him alone."""
    if get_http_status(error) is HTTPStatus.INTERNAL_SERVER_ERROR:
        LOG.error(message, exc_info=error)


def error_payload(error: BaseException) -> dict[str, Any]:
    """The error as callers see it.

    >>> error_payload(ZeroDivisionError("secret"))["error"]["code"]
    'internal-error'
    """
    if not isinstance(error, CreditError) or error.code not in HTTP_STATUS_BY_CODE:
        return build_error_object(
            "internal-error", "the service failed; the fault is ours and was logged"
        )
    faults = error.faults if isinstance(error, InvalidInput) else ()
    return build_error_object(
        error.code,
        str(error).partition(":\n")[0],
        [{"where": f.where, "got": to_json_value(f.got), "expected": f.expected} for f in faults],
    )


def to_json_value(value: object) -> object:
    """A wrong value that JSON can carry: itself where it is short, else as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return (
        value
        if isinstance(value, str) and len(value) <= MAX_SHOWN_CHARS
        else abbreviate_value(value)
    )


def build_error_object(
    code: str, message: str, faults: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "faults": faults or []}}
