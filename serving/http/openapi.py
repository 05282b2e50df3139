"""Build the OpenAPI document of the HTTP API, with examples.

BentoML's own document loses the structure of the schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from credit.contract.responses import Failure
from credit.contract.validation_errors import MAX_REQUESTS_PER_CALL
from credit.contract.wire_types import REQUEST_ADAPTER, REQUEST_LIST_ADAPTER
from credit.decision import Decision, Explanation
from serving.request_limits import IDEMPOTENCY_KEY_HEADER, IDEMPOTENCY_KEY_PATTERN

SCHEMA_REF_TEMPLATE = "#/components/schemas/{model}"

CLIENT_REQUEST = {"client_id": 100_001}
CHANGED_REQUEST = {"client_id": 100_001, "changes": {"AMT_CREDIT": 250_000}}
DOSSIER_REQUEST = {
    "dossier": {
        "application": {
            "NAME_CONTRACT_TYPE": "Cash loans",
            "AMT_INCOME_TOTAL": 202_500,
            "AMT_CREDIT": 406_597.5,
            "AMT_ANNUITY": 24_700.5,
            "AMT_GOODS_PRICE": 351_000,
            "DAYS_BIRTH": -9_461,
            "DAYS_EMPLOYED": -637,
            "EXT_SOURCE_2": 0.263,
            "EXT_SOURCE_3": None,
        },
        "bureau": [],
    }
}
EXAMPLES = {
    "client": {"summary": "A client of the store", "value": CLIENT_REQUEST},
    "changes": {"summary": "What if the client borrowed less", "value": CHANGED_REQUEST},
    "dossier": {"summary": "A dossier; omitted fields are unknown", "value": DOSSIER_REQUEST},
}
MANY_EXAMPLES = {
    "two": {"summary": "Two at once", "value": {"requests": [CLIENT_REQUEST, DOSSIER_REQUEST]}}
}

FAILURE_DESCRIPTIONS = {
    "400": "the body is not JSON",
    "404": "the client is not in the store",
    "409": "the idempotency key belongs to another request, or to an earlier model's explanation",
    "413": "the body is too large",
    "422": "the request breaks the schema; every fault is listed",
    "500": "internal error",
    "503": "the service is overloaded or the ledger is unavailable: retry after Retry-After; or a "
    "time limit, the caller's or the service's, was reached",
}


class _Call(NamedTuple):
    """A scoring call in the document."""

    path: str
    summary: str
    request: str
    """Key of the request schema."""
    response: str
    """Key of the response schema."""
    examples: dict[str, Any]
    accepts_key: bool


CALLS = (
    _Call(
        path="/predict",
        summary="The decision on one application, recorded",
        request="request",
        response="decision",
        examples=EXAMPLES,
        accepts_key=True,
    ),
    _Call(
        path="/explain",
        summary="The decision with its reasons, recorded",
        request="request",
        response="explanation",
        examples=EXAMPLES,
        accepts_key=True,
    ),
    _Call(
        path="/simulate",
        summary="What would be decided; not recorded",
        request="request",
        response="explanation",
        examples=EXAMPLES,
        accepts_key=False,
    ),
    _Call(
        path="/predict_many",
        summary=f"Up to {MAX_REQUESTS_PER_CALL:,} decisions, in order",
        request="many",
        response="decisions",
        examples=MANY_EXAMPLES,
        accepts_key=False,
    ),
)

KEY_PARAMETER = {
    "name": IDEMPOTENCY_KEY_HEADER.title(),
    "in": "header",
    "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY_PATTERN.pattern}$"},
}
TIMEOUT_PARAMETER = {
    "name": "X-Request-Timeout",
    "in": "header",
    "schema": {"type": "number", "exclusiveMinimum": 0},
}


@cache
def build_openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document: FastAPI's part for /v1, and the scoring calls."""
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [
        ("request", "validation", REQUEST_ADAPTER),
        ("many", "validation", REQUEST_LIST_ADAPTER),
        ("decision", "serialization", TypeAdapter(Decision)),
        ("decisions", "serialization", TypeAdapter(list[Decision | Failure])),
        ("explanation", "serialization", TypeAdapter(Explanation)),
        ("failure", "serialization", TypeAdapter(Failure)),
    ]
    schemas_by_key, shared_definitions = TypeAdapter.json_schemas(
        adapters, ref_template=SCHEMA_REF_TEMPLATE
    )
    schemas = {name: schema for (name, _), schema in schemas_by_key.items()}
    openapi_document = get_openapi(title="Credit scoring", version="1", routes=app.routes)
    components = openapi_document.setdefault("components", {}).setdefault("schemas", {})
    components |= shared_definitions.get("$defs", {})
    for call in CALLS:
        openapi_document["paths"][call.path] = {"post": _describe_call(call, schemas)}
    return openapi_document


def _describe_call(call: _Call, schemas: Mapping[str, Any]) -> dict[str, Any]:
    content = {"schema": schemas[call.request], "examples": call.examples}
    return {
        "summary": call.summary,
        "operationId": call.path.removeprefix("/"),
        "parameters": [KEY_PARAMETER, TIMEOUT_PARAMETER]
        if call.accepts_key
        else [TIMEOUT_PARAMETER],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "200": _describe_response(call.summary, schemas[call.response]),
            **{
                status: _describe_response(description, schemas["failure"])
                for status, description in FAILURE_DESCRIPTIONS.items()
                if status != "409" or call.accepts_key
            },
        },
    }


def _describe_response(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
