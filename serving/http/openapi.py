"""The OpenAPI document of every door, with examples; BentoML's own flattens the shapes."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from credit.contract.responses import Failure
from credit.contract.validation_errors import MOST_REQUESTS
from credit.contract.wire_types import MANY, REQUEST
from credit.decision import Decision, Explanation
from serving.request_limits import KEY, KEYS

REFERENCE = "#/components/schemas/{model}"

BY_ID = {"client_id": 100_001}
CHANGED = {"client_id": 100_001, "changes": {"AMT_CREDIT": 250_000}}
DOSSIER = {
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
    "client": {"summary": "A client of the store", "value": BY_ID},
    "changes": {"summary": "What if he asked for less", "value": CHANGED},
    "dossier": {"summary": "A dossier; what is left out is unknown", "value": DOSSIER},
}
MANY_EXAMPLES = {"two": {"summary": "Two at once", "value": {"requests": [BY_ID, DOSSIER]}}}

FAILURES = {
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
def document(app: FastAPI) -> dict[str, Any]:
    """The whole document: what FastAPI knows of /v1, and the scoring calls."""
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [
        ("request", "validation", REQUEST),
        ("many", "validation", MANY),
        ("decision", "serialization", TypeAdapter(Decision)),
        ("decisions", "serialization", TypeAdapter(list[Decision | Failure])),
        ("explanation", "serialization", TypeAdapter(Explanation)),
        ("failure", "serialization", TypeAdapter(Failure)),
    ]
    made, shared = TypeAdapter.json_schemas(adapters, ref_template=REFERENCE)
    schema = {key: shape for (key, _), shape in made.items()}
    whole = get_openapi(title="Credit scoring", version="1", routes=app.routes)
    components = whole.setdefault("components", {}).setdefault("schemas", {})
    components |= shared.get("$defs", {})
    keys = {"type": "string", "pattern": f"^{KEYS.pattern}$"}
    key = {"name": KEY.title(), "in": "header", "schema": keys}
    seconds = {"type": "number", "exclusiveMinimum": 0}
    timeout = {"name": "X-Request-Timeout", "in": "header", "schema": seconds}
    for path, summary, asked, told, examples in (
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
            f"Up to {MOST_REQUESTS:,} decisions, in order",
            "many",
            "decisions",
            MANY_EXAMPLES,
        ),
    ):
        keyed = path in {"/predict", "/explain"}
        whole["paths"][path] = {
            "post": {
                "summary": summary,
                "operationId": path.removeprefix("/"),
                "parameters": [key, timeout] if keyed else [timeout],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": schema[asked], "examples": examples}
                    },
                },
                "responses": {
                    "200": _answer(summary, schema[told]),
                    **{
                        status: _answer(when, schema["failure"])
                        for status, when in FAILURES.items()
                        if status != "409" or keyed
                    },
                },
            }
        }
    return whole


def _answer(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
