"""The OpenAPI document of every door, with examples; BentoML's own flattens the shapes."""

from __future__ import annotations

from functools import cache
from typing import Any

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
    "changes": {"summary": "What if he asked for less", "value": CHANGED_REQUEST},
    "dossier": {"summary": "A dossier; what is left out is unknown", "value": DOSSIER_REQUEST},
}
MANY_EXAMPLES = {
    "two": {"summary": "Two at once", "value": {"requests": [CLIENT_REQUEST, DOSSIER_REQUEST]}}
}

FAILURE_DESCRIPTIONS = {
    "400": "the body is no JSON",
    "404": "the client is not in the store",
    "409": "the idempotency key answered another request, or a model that serves no more",
    "413": "the body is too large",
    "422": "the request breaks the schema; every fault is told",
    "500": "a fault of ours",
    "503": "too much is asked at once, or the ledger is down: Retry-After says when to ask again; "
    "or the caller's time, or the service's own, was over",
}


@cache
def build_openapi_document(app: FastAPI) -> dict[str, Any]:
    """The whole document: what FastAPI knows of /v1, and the scoring calls."""
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
    schemas = {key: shape for (key, _), shape in schemas_by_key.items()}
    openapi_document = get_openapi(title="Credit scoring", version="1", routes=app.routes)
    components = openapi_document.setdefault("components", {}).setdefault("schemas", {})
    components |= shared_definitions.get("$defs", {})
    key_schema = {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY_PATTERN.pattern}$"}
    key = {"name": IDEMPOTENCY_KEY_HEADER.title(), "in": "header", "schema": key_schema}
    seconds_schema = {"type": "number", "exclusiveMinimum": 0}
    timeout = {"name": "X-Request-Timeout", "in": "header", "schema": seconds_schema}
    for path, summary, request_name, response_name, examples in (
        ("/predict", "The decision on one application, recorded", "request", "decision", EXAMPLES),
        (
            "/explain",
            "The decision with its reasons, recorded",
            "request",
            "explanation",
            EXAMPLES,
        ),
        ("/simulate", "What would be decided; not recorded", "request", "explanation", EXAMPLES),
        (
            "/predict_many",
            f"Up to {MAX_REQUESTS_PER_CALL:,} decisions, in order",
            "many",
            "decisions",
            MANY_EXAMPLES,
        ),
    ):
        accepts_key = path in {"/predict", "/explain"}
        openapi_document["paths"][path] = {
            "post": {
                "summary": summary,
                "operationId": path.removeprefix("/"),
                "parameters": [key, timeout] if accepts_key else [timeout],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": schemas[request_name], "examples": examples}
                    },
                },
                "responses": {
                    "200": _describe_response(summary, schemas[response_name]),
                    **{
                        status: _describe_response(description, schemas["failure"])
                        for status, description in FAILURE_DESCRIPTIONS.items()
                        if status != "409" or accepts_key
                    },
                },
            }
        }
    return openapi_document


def _describe_response(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
