"""HTTP answers: JSON bodies, errors in their one shape, and the codecs of the scoring calls."""

from __future__ import annotations

from collections.abc import Awaitable

import orjson
from starlette.responses import Response

from credit.contract.request import ScoringRequest, parse_request, parse_requests
from serving.core.request_handler import Codec, DecisionStream, DecisionWork
from serving.core.scoring_service import RequestOrError
from serving.errors import (
    error_payload,
    get_http_status,
    get_retry_after_seconds,
    log_internal_error,
)
from serving.http.request_body import CallerDisconnected

CLIENT_CLOSED_REQUEST = 499
"""Nginx's status for a caller that disconnected. Only the metrics show it."""


def build_json_response(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def build_error_response(error: BaseException) -> Response:
    """Return the answer to a request that failed; internal errors are logged."""
    log_internal_error("a request failed", error)
    response = build_json_response(error_payload(error), get_http_status(error))
    if seconds := get_retry_after_seconds(error):
        response.headers["retry-after"] = str(seconds)
    return response


async def catch_errors(work: Awaitable[Response]) -> Response:
    """Return the response of some work, or the response to its error."""
    try:
        return await work
    except CallerDisconnected:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    except Exception as error:  # noqa: BLE001 -- every failure is answered
        return build_error_response(error)


async def _respond(work: DecisionWork) -> Response:
    return build_json_response(await work)


async def _respond_with_list(outcomes: DecisionStream) -> Response:
    return build_json_response(
        [
            error_payload(outcome) if isinstance(outcome, BaseException) else outcome
            async for outcome in outcomes
        ]
    )


def _parse(body: bytes) -> tuple[ScoringRequest, None]:
    return parse_request(body), None


def _parse_many(body: bytes) -> tuple[list[RequestOrError], None]:
    return parse_requests(body), None


JSON_CODEC: Codec[ScoringRequest, DecisionWork, Response] = Codec(parse=_parse, respond=_respond)
JSON_MANY_CODEC: Codec[list[RequestOrError], DecisionStream, Response] = Codec(
    parse=_parse_many, respond=_respond_with_list
)
