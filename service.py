"""The BentoML service: credit requests in, recorded decisions out.

POST /predict /explain /predict_many /simulate        this file
gRPC Predict, Explain, PredictMany                    serving/grpc/servicer.py
GET  /v1/... /docs.json /metrics                      serving/http/routes.py
GET  /healthz /livez /readyz                          BentoML

HTTP and gRPC call the same `handle_request` in serving/core/request_handler.py.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from serving.lightgbm_import import import_lightgbm_alone

import_lightgbm_alone()

import bentoml

from credit.contract.responses import Failure
from credit.decision import Decision, Explanation
from credit.policy import load_policy
from serving.core.decision_engine import DecisionEngine
from serving.core.request_handler import (
    EXPLAIN_OPERATION,
    PREDICT_MANY_OPERATION,
    PREDICT_OPERATION,
    SIMULATE_OPERATION,
    Codec,
    Operation,
    handle_request,
)
from serving.core.scoring_service import ScoringService
from serving.grpc.server import GrpcServer
from serving.http.fast_path import FastPathService, install_fast_path
from serving.http.request_body import ScoreManyRequestBody, ScoreRequestBody, StreamedRequest
from serving.http.responses import JSON_CODEC, JSON_MANY_CODEC, catch_errors
from serving.http.routes import create_resource_app
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
    traffic={"timeout": SETTINGS.timeout + 5},  # our own limit comes first, with our error body
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
        # BentoML's own shutdown hook runs only after the HTTP calls have ended.
        register_shutdown_callback(self.grpc.close)
        body_types = dict.fromkeys(("predict", "explain", "simulate"), ScoreRequestBody)
        install_fast_path(self, {**body_types, "predict_many": ScoreManyRequestBody})
        # Objects loaded so far live as long as the worker. Scanning them in every full garbage
        # collection would stop all calls for about 0.1 s each time.
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
        """Decide on one application and record the decision."""
        return await self._answer(request, PREDICT_OPERATION, JSON_CODEC)

    @bentoml.api
    async def explain(self, request: ScoreRequestBody, /) -> Explanation:
        """Decide, with the contribution of every feature and the reasons, and record it."""
        return await self._answer(request, EXPLAIN_OPERATION, JSON_CODEC)

    @bentoml.api
    async def simulate(self, request: ScoreRequestBody, /) -> Explanation:
        """Return the explained decision without recording it."""
        return await self._answer(request, SIMULATE_OPERATION, JSON_CODEC)

    @bentoml.api
    async def predict_many(self, request: ScoreManyRequestBody, /) -> list[Decision | Failure]:
        """Decide on up to 1,000 applications in order; a bad request yields an error object."""
        return await self._answer(request, PREDICT_MANY_OPERATION, JSON_MANY_CODEC)

    async def _answer(
        self,
        request: StreamedRequest,
        operation: Operation[Any, Any],
        codec: Codec[Any, Any, Any],
    ) -> Any:
        """Return a `Response`; BentoML passes it on unchanged."""
        work = handle_request(
            self.scoring, request, operation, codec, max_seconds=SETTINGS.timeout
        )
        return await catch_errors(work)
