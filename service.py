"""The bento: doors in, decisions out, records kept.

POST /predict /explain /predict_many /simulate        this file
gRPC Predict, Explain, PredictMany                    serving/grpc/server.py
GET  /v1/... /docs.json /metrics                      serving/http/routes.py
GET  /healthz /livez /readyz                          BentoML
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serving.lightgbm_import import import_lightgbm_alone

import_lightgbm_alone()

import bentoml

from credit.contract.request import ScoringRequest, parse_request, parse_requests
from credit.contract.responses import Failure
from credit.contract.wire_types import MAX_REQUEST_BYTES
from credit.decision import Decision, Explanation
from credit.errors import CreditError
from credit.policy import load_policy
from serving.core.decision_engine import EXPLAIN, PREDICT, CallContext, DecisionEngine
from serving.core.scoring_service import ScoringService
from serving.errors import error_payload
from serving.grpc.server import GrpcServer
from serving.http.fast_path import FastPathService, install_fast_path
from serving.http.request_body import (
    MAX_PREDICT_MANY_BYTES,
    ScoreManyRequestBody,
    ScoreRequestBody,
    respond_with_json,
)
from serving.http.routes import create_resource_app
from serving.request_limits import (
    parse_off_loop,
    reject_idempotency_key,
    validate_idempotency_key,
    with_digest,
)
from serving.shutdown import register_shutdown_callback
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger
from stores.models.bento_store import load_scorer, resolve_serving_tag
from stores.settings import configure_libraries, get_settings

SETTINGS = get_settings()
configure_libraries(SETTINGS)
RESOURCE_APP = create_resource_app()


@bentoml.service(
    name="credit_scoring",
    service_class=FastPathService,
    workers=SETTINGS.workers,
    traffic={"timeout": SETTINGS.timeout + 5},  # ours comes first, and is told in our own words
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
    tracing={"excluded_urls": ".*"},
)
@bentoml.asgi_app(RESOURCE_APP, path="/")
class CreditScoring:
    """Scores applications for credit, explains every score, and records every decision."""

    model = bentoml.models.BentoModel(resolve_serving_tag(SETTINGS, Path(__file__)))

    def __init__(self) -> None:
        engine = DecisionEngine(
            scorer=load_scorer(self.model),
            clients=ClientStore(SETTINGS.clients_path),
            ledger=Ledger(SETTINGS.database_url),
            policy_on=load_policy,
        )
        engine.warm_up()
        self.scoring = ScoringService(engine, patience=SETTINGS.patience)
        self.grpc = GrpcServer(self.scoring, SETTINGS)
        RESOURCE_APP.state.engine, RESOURCE_APP.state.scoring = engine, self.scoring

    @bentoml.on_startup
    async def start(self) -> None:
        await self.grpc.start()
        register_shutdown_callback(
            self.grpc.close
        )  # BentoML's own hook comes when calls over HTTP have ended
        body_types = dict.fromkeys(("predict", "explain", "simulate"), ScoreRequestBody)
        install_fast_path(self, {**body_types, "predict_many": ScoreManyRequestBody})
        # What is loaded by now lives as long as the worker. Were it looked through for garbage
        # again and again, everybody would wait for a tenth of a second each time.
        gc.collect()
        gc.freeze()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        await self.grpc.stop()
        self.scoring.close()

    async def __is_ready__(self) -> bool:
        return self.grpc.is_ready and await self.scoring.is_ready()

    @bentoml.api
    async def predict(self, request: ScoreRequestBody, /) -> Decision:
        """The decision on one application, recorded."""
        return await respond_with_json(lambda: self._decide(request, PREDICT))

    @bentoml.api
    async def explain(self, request: ScoreRequestBody, /) -> Explanation:
        """The decision with every feature's contribution and the reasons, recorded."""
        return await respond_with_json(lambda: self._decide(request, EXPLAIN))

    @bentoml.api
    async def simulate(self, request: ScoreRequestBody, /) -> Explanation:
        """What the explained decision would be; nothing is recorded."""
        return await respond_with_json(lambda: self._simulate(request))

    @bentoml.api
    async def predict_many(self, request: ScoreManyRequestBody, /) -> list[Decision | Failure]:
        """Decisions in order; a bad request is an error in its place and harms no other."""
        return await respond_with_json(lambda: self._decide_many(request))

    async def _decide(self, request: ScoreRequestBody, kind: str) -> Any:
        deadline, key = (
            request.compute_deadline(SETTINGS.timeout),
            validate_idempotency_key(request.idempotency_key),
        )
        async with request.read_body(MAX_REQUEST_BYTES, deadline) as body:
            scoring_request, digest = await parse_off_loop(with_digest(parse_request, kind), body)
            call = CallContext(kind=kind, digest=digest, key=key, deadline=deadline)
            return await request.cancel_on_disconnect(self.scoring.decide(scoring_request, call))

    async def _simulate(self, request: ScoreRequestBody) -> Any:
        deadline = request.compute_deadline(SETTINGS.timeout)
        async with request.read_body(MAX_REQUEST_BYTES, deadline) as body:
            scoring_request = await parse_off_loop(parse_request, body)
            return await request.cancel_on_disconnect(
                self.scoring.simulate(scoring_request, deadline)
            )

    async def _decide_many(self, request: ScoreManyRequestBody) -> Any:
        deadline = request.compute_deadline(SETTINGS.timeout)
        reject_idempotency_key(request.idempotency_key)
        async with request.read_body(MAX_PREDICT_MANY_BYTES, deadline) as body:
            requests, digest = await parse_off_loop(with_digest(parse_requests, PREDICT), body)
            call = CallContext(kind=PREDICT, digest=digest, deadline=deadline)
            return await request.cancel_on_disconnect(self._collect_outcomes(requests, call))

    async def _collect_outcomes(
        self, requests: Sequence[ScoringRequest | CreditError], call: CallContext
    ) -> Any:
        outcomes = self.scoring.decide_many(requests, call)
        return [
            error_payload(outcome) if isinstance(outcome, BaseException) else outcome
            async for outcome in outcomes
        ]
