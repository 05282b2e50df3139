"""Read-only routes: clients, positions, model, decisions, the OpenAPI document and metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

from credit.client_profile import Profile, build_profile
from credit.contract.responses import (
    ClientList,
    DecisionRecord,
    ModelDescription,
    build_model_description,
)
from credit.errors import CreditError, Fault, InvalidDossier, suggest_known_name
from credit.features import CATALOGUE
from credit.reference_population import CrossedPosition, Position
from serving.core.decision_engine import DecisionEngine
from serving.core.scoring_service import ScoringService
from serving.http.openapi import build_openapi_document
from serving.http.responses import build_error_response, build_json_response

ClientId = Annotated[int, Path(ge=0, lt=2**53, description="A client of the store.")]
DecisionId = Annotated[
    str, Path(pattern="^[0-9A-Za-z-]{1,64}$", description="The `decision_id` of a decision.")
]


def create_resource_app() -> FastAPI:
    """Create the application that BentoML mounts next to the scoring calls."""
    app = FastAPI(title="Credit scoring", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(CreditError, _handle_error)
    app.add_exception_handler(Exception, _handle_error)
    for path, handler, model, name in (  # the OpenAPI document is built from these names
        ("/v1/clients", list_clients, ClientList, "clients"),
        ("/v1/clients/{client_id}", get_client_profile, Profile, "client"),
        (
            "/v1/clients/{client_id}/position",
            get_client_position,
            Position | CrossedPosition,
            "position",
        ),
        ("/v1/model", describe_model, ModelDescription, "describe_model"),
        ("/v1/decisions/{decision_id}", get_decision_record, DecisionRecord, "decision"),
    ):
        app.add_api_route(path, handler, response_model=model, name=name)
    app.add_route("/docs.json", lambda _: build_json_response(build_openapi_document(app)))
    app.add_route("/metrics", render_metrics)
    return app


def list_clients(
    request: Request,
    prefix: Annotated[str, Query(pattern=r"^[0-9]*$", max_length=16)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 20,
) -> Response:
    """List the clients with ids that begin with a prefix, in ascending order."""
    client_ids, total = _get_engine(request).clients.search(prefix, limit)
    return build_json_response(ClientList(clients=client_ids, total=total))


def get_client_profile(request: Request, client_id: ClientId) -> Response:
    """Return the profile shown to the adviser."""
    return build_json_response(
        build_profile(client_id, _get_engine(request).clients.get_dossier(client_id))
    )


async def get_client_position(
    request: Request,
    client_id: ClientId,
    feature: Annotated[str, Query(description="A feature listed by /v1/model.")],
    by: Annotated[str | None, Query(description="A second feature to cross it with.")] = None,
    similar: Annotated[
        str,
        Query(
            pattern="^(true|false)$",
            description="true: among clients in the same quintile of risk.",
        ),
    ] = "false",
) -> Response:
    """Compare the client's value with those of the model's training clients."""
    engine, scoring = _get_engine(request), cast("ScoringService", request.app.state.scoring)
    population = engine.scorer.metadata.population
    _require_known_feature("feature", feature)
    scored = await scoring.score_client(client_id)
    values = engine.scorer.decode_row(scored.row)
    if by is None:
        risk_quintile = population.risk_quintile(scored.risk) if similar == "true" else None
        client_position = population.spreads[feature].locate_client(
            feature, values[feature], risk_quintile=risk_quintile
        )
        return build_json_response(client_position.model_dump())
    _require_known_feature("by", by)
    joint_distribution = population.find_joint_distribution(feature, by)
    if joint_distribution is None:
        expected = f"two of {', '.join(population.crossed_features)}"
        raise InvalidDossier([Fault("feature and by", f"{feature}, {by}", expected)])
    pair = (values[feature], values[by])
    crossed_position = CrossedPosition(
        feature=feature, by=by, values=pair, **joint_distribution.model_dump()
    )
    return build_json_response(crossed_position.model_dump())


def describe_model(request: Request) -> Response:
    """Describe the served model: version, threshold, metrics, features, importance, data."""
    engine = _get_engine(request)
    return build_json_response(
        build_model_description(engine.scorer, engine.policy_on(datetime.now(UTC).date()))
    )


def get_decision_record(request: Request, decision_id: DecisionId) -> Response:
    """Return the record of a decision."""
    engine = _get_engine(request)
    record = engine.ledger.find(decision_id)
    features = (
        engine.scorer.decode_row(record.feature_row)
        if engine.is_from_current_model(record)
        else None
    )
    return build_json_response(
        DecisionRecord(decision=record.decision, kind=record.kind, features=features)
    )


def render_metrics(_: Request) -> Response:
    """Return the metrics of all workers in Prometheus's text format."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _require_known_feature(parameter: str, feature: str) -> None:
    if feature not in CATALOGUE:
        expected = suggest_known_name(feature, CATALOGUE).replace("column", "feature")
        raise InvalidDossier([Fault(parameter, feature, expected)])


def _get_engine(request: Request) -> DecisionEngine:
    return cast("DecisionEngine", request.app.state.engine)


async def _handle_error(_: Request, error: Exception) -> Response:
    return build_error_response(error)


async def _handle_validation_error(_: Request, error: Exception) -> Response:
    details = cast("RequestValidationError", error).errors()
    faults = [
        Fault(str(detail["loc"][-1]), detail.get("input"), _format_expected(detail["msg"]))
        for detail in details
    ]
    return build_error_response(InvalidDossier(faults))


def _format_expected(message: str) -> str:
    """Shorten Pydantic's "Input should be ..." to what was expected."""
    return message.removeprefix("Input should be ").removeprefix("String should ")
