"""Report errors to callers: one table of status codes, one JSON shape, no internals."""

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
"""Status by error code. Any other error is internal: 500, without details."""


class BodyTooLarge(CreditError):
    """The body of a request exceeds the limit of its call."""

    code = "body-too-large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the body is larger than {max_bytes:,} bytes")


class Overloaded(CreditError):
    """The queue is too long for an answer in time; nothing was started."""

    code = "overloaded"

    def __init__(self, wait_seconds: float) -> None:
        self.retry_after = max(math.ceil(wait_seconds), 1)
        """Seconds after which a retry may succeed."""
        super().__init__(f"the service is overloaded; retry in {self.retry_after} s")


class DeadlineExceeded(CreditError):
    """The caller's or the service's time limit was reached before the answer."""

    code = "deadline-exceeded"

    def __init__(self) -> None:
        super().__init__("deadline exceeded; the request was cancelled")


class ModelReplaced(CreditError):
    """An idempotency key belongs to an explanation by a model that is no longer served."""

    code = "model-replaced"

    def __init__(self, decision_id: str | None, version: str) -> None:
        super().__init__(
            f"decision {decision_id} was explained by {version}, which is no longer served; "
            f"the decision itself is under /v1/decisions/{decision_id}"
        )


def get_retry_after_seconds(error: BaseException) -> int | None:
    """Return the seconds after which a retry may succeed, or None."""
    return error.retry_after if isinstance(error, (Overloaded, LedgerUnavailable)) else None


def get_http_status(error: BaseException) -> HTTPStatus:
    code = error.code if isinstance(error, CreditError) else ""
    return HTTP_STATUS_BY_CODE.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)


def log_internal_error(message: str, error: BaseException) -> None:
    """Log an internal error with its traceback. Errors of the caller are not logged."""
    if get_http_status(error) is HTTPStatus.INTERNAL_SERVER_ERROR:
        LOG.error(message, exc_info=error)


def error_payload(error: BaseException) -> dict[str, Any]:
    """Return the error object that callers receive.

    >>> error_payload(ZeroDivisionError("secret"))["error"]["code"]
    'internal-error'
    """
    if not isinstance(error, CreditError) or error.code not in HTTP_STATUS_BY_CODE:
        return build_error_object("internal-error", "internal error; it was logged")
    faults = error.faults if isinstance(error, InvalidInput) else ()
    return build_error_object(
        error.code,
        str(error).partition(":\n")[0],
        [{"where": f.where, "got": to_json_value(f.got), "expected": f.expected} for f in faults],
    )


def to_json_value(value: object) -> object:
    """Return a wrong value as JSON can hold it: short values unchanged, others as text."""
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
