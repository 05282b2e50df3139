"""What is read under /v1: clients, positions, the model, decisions; and the OpenAPI document."""

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
from serving.http.request_body import build_error_response, build_json_response

ClientId = Annotated[int, Path(ge=0, lt=2**53, description="A client of the store.")]
DecisionId = Annotated[
    str, Path(pattern="^[0-9A-Za-z-]{1,64}$", description="As a decision says it.")
]


def create_resource_app() -> FastAPI:
    """The application that BentoML mounts beside the scoring calls."""
    app = FastAPI(title="Credit scoring", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(CreditError, _handle_error)
    app.add_exception_handler(Exception, _handle_error)
    for path, handler, model in (
        ("/v1/clients", clients, ClientList),
        ("/v1/clients/{client_id}", client, Profile),
        ("/v1/clients/{client_id}/position", position, Position | CrossedPosition),
        ("/v1/model", describe_model, ModelDescription),
        ("/v1/decisions/{decision_id}", decision, DecisionRecord),
    ):
        app.add_api_route(path, handler, response_model=model)
    app.add_route("/docs.json", lambda _: build_json_response(build_openapi_document(app)))
    app.add_route("/metrics", render_metrics)
    return app


def clients(
    request: Request,
    prefix: Annotated[str, Query(pattern=r"^[0-9]*$", max_length=16)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 20,
) -> Response:
    """Ids of known clients whose digits begin with the prefix, smallest first."""
    client_ids, total = _get_engine(request).clients.search(prefix, limit)
    return build_json_response(ClientList(clients=client_ids, total=total))


def client(request: Request, client_id: ClientId) -> Response:
    """The profile an adviser is shown."""
    return build_json_response(
        build_profile(client_id, _get_engine(request).clients.get_dossier(client_id))
    )


async def position(
    request: Request,
    client_id: ClientId,
    feature: Annotated[str, Query(description="A feature of the model, as /v1/model lists them.")],
    by: Annotated[str | None, Query(description="A feature to cross it with.")] = None,
    similar: Annotated[
        str,
        Query(
            pattern="^(true|false)$", description="true: among clients of the same fifth of risk."
        ),
    ] = "false",
) -> Response:
    """The client's value among the clients the model was trained on."""
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
    """The model that serves: version, threshold, metrics, features, importance, data."""
    engine = _get_engine(request)
    return build_json_response(
        build_model_description(engine.scorer, engine.policy_on(datetime.now(UTC).date()))
    )


def decision(request: Request, decision_id: DecisionId) -> Response:
    """The record of a decision."""
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
    """Measurements of all workers, as Prometheus reads them."""
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
    """Pydantic's "Input should be ..." as what was expected."""
    return message.removeprefix("Input should be ").removeprefix("String should ")
