"""What is read under /v1: clients, positions, the model, decisions; and the OpenAPI document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

from credit.client_profile import Profile, profile
from credit.contract.responses import ClientList, DecisionRecord, ModelDescription, describe
from credit.errors import CreditError, Fault, InvalidDossier, nearest
from credit.features import CATALOGUE
from credit.reference_population import CrossedPosition, Position
from serving.core.decision_engine import Judge
from serving.core.scoring_service import Scoring
from serving.http.openapi import document
from serving.http.request_body import answer, failure

ClientId = Annotated[int, Path(ge=0, lt=2**53, description="A client of the store.")]
DecisionId = Annotated[
    str, Path(pattern="^[0-9A-Za-z-]{1,64}$", description="As a decision says it.")
]


def resources() -> FastAPI:
    """The application that BentoML mounts beside the scoring calls."""
    app = FastAPI(title="Credit scoring", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(CreditError, _failed)
    app.add_exception_handler(Exception, _failed)
    for path, handler, model in (
        ("/v1/clients", clients, ClientList),
        ("/v1/clients/{client_id}", client, Profile),
        ("/v1/clients/{client_id}/position", position, Position | CrossedPosition),
        ("/v1/model", describe_model, ModelDescription),
        ("/v1/decisions/{decision_id}", decision, DecisionRecord),
    ):
        app.add_api_route(path, handler, response_model=model)
    app.add_route("/docs.json", lambda _: answer(document(app)))
    app.add_route("/metrics", metrics)
    return app


def clients(
    request: Request,
    prefix: Annotated[str, Query(pattern=r"^[0-9]*$", max_length=16)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 20,
) -> Response:
    """Ids of known clients whose digits begin with the prefix, smallest first."""
    found, total = _judge(request).clients.search(prefix, limit)
    return answer(ClientList(clients=found, total=total))


def client(request: Request, client_id: ClientId) -> Response:
    """The profile an adviser is shown."""
    return answer(profile(client_id, _judge(request).clients.dossier(client_id)))


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
    judge, scoring = _judge(request), cast("Scoring", request.app.state.scoring)
    population = judge.scorer.facts.population
    _known("feature", feature)
    scored = await scoring.look(client_id)
    values = judge.scorer.values(scored.row)
    if by is None:
        fifth = population.fifth(scored.risk) if similar == "true" else None
        found = population.spreads[feature].position(feature, values[feature], fifth=fifth)
        return answer(found.model_dump())
    _known("by", by)
    crossing = population.crossing(feature, by)
    if crossing is None:
        kept = f"two of {', '.join(population.crossed)}"
        raise InvalidDossier([Fault("feature and by", f"{feature}, {by}", kept)])
    pair = (values[feature], values[by])
    crossed = CrossedPosition(feature=feature, by=by, values=pair, **crossing.model_dump())
    return answer(crossed.model_dump())


def describe_model(request: Request) -> Response:
    """The model that serves: version, threshold, metrics, features, importance, data."""
    judge = _judge(request)
    return answer(describe(judge.scorer, judge.policy_on(datetime.now(UTC).date())))


def decision(request: Request, decision_id: DecisionId) -> Response:
    """The record of a decision."""
    judge = _judge(request)
    record = judge.ledger.find(decision_id)
    features = judge.scorer.values(record.row) if judge.scored(record) else None
    return answer(DecisionRecord(decision=record.decision, kind=record.kind, features=features))


def metrics(_: Request) -> Response:
    """Measurements of all workers, as Prometheus reads them."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _known(where: str, feature: str) -> None:
    if feature not in CATALOGUE:
        expected = nearest(feature, CATALOGUE).replace("column", "feature")
        raise InvalidDossier([Fault(where, feature, expected)])


def _judge(request: Request) -> Judge:
    return cast("Judge", request.app.state.judge)


async def _failed(_: Request, error: Exception) -> Response:
    return failure(error)


async def _invalid(_: Request, error: Exception) -> Response:
    details = cast("RequestValidationError", error).errors()
    faults = [Fault(str(d["loc"][-1]), d.get("input"), _wanted(d["msg"])) for d in details]
    return failure(InvalidDossier(faults))


def _wanted(message: str) -> str:
    """Pydantic's "Input should be ..." as what was expected."""
    return message.removeprefix("Input should be ").removeprefix("String should ")
