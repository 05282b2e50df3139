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

from credit.contract.request import ScoringRequest, read_request, read_requests
from credit.contract.responses import Failure
from credit.contract.wire_types import LARGEST
from credit.decision import Decision, Explanation
from credit.errors import CreditError
from credit.policy import policy_on
from serving.core.decision_engine import EXPLAIN, PREDICT, Call, Judge
from serving.core.scoring_service import Scoring
from serving.errors import told
from serving.grpc.server import GrpcServer
from serving.http.fast_path import LeanService, open_lane
from serving.http.request_body import LARGEST_MANY, ManyRequests, OneRequest, answered
from serving.http.routes import resources
from serving.request_limits import read_beside, read_key, refuse_key, stamped
from serving.shutdown import at_signal
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger
from stores.models.bento_store import load, serving_tag
from stores.settings import direct_libraries, settings

WHERE = settings()
direct_libraries(WHERE)
RESOURCES = resources()


@bentoml.service(
    name="credit_scoring",
    service_class=LeanService,
    workers=WHERE.workers,
    traffic={"timeout": WHERE.timeout + 5},  # ours comes first, and is told in our own words
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
    tracing={"excluded_urls": ".*"},
)
@bentoml.asgi_app(RESOURCES, path="/")
class CreditScoring:
    """Scores applications for credit, explains every score, and records every decision."""

    model = bentoml.models.BentoModel(serving_tag(WHERE, Path(__file__)))

    def __init__(self) -> None:
        judge = Judge(
            scorer=load(self.model),
            clients=ClientStore(WHERE.clients),
            ledger=Ledger(WHERE.ledger),
            policy_on=policy_on,
        )
        judge.warm()
        self.scoring = Scoring(judge, patience=WHERE.patience)
        self.grpc = GrpcServer(self.scoring, WHERE)
        RESOURCES.state.judge, RESOURCES.state.scoring = judge, self.scoring

    @bentoml.on_startup
    async def start(self) -> None:
        await self.grpc.start()
        at_signal(self.grpc.close)  # BentoML's own hook comes when calls over HTTP have ended
        one = dict.fromkeys(("predict", "explain", "simulate"), OneRequest)
        open_lane(self, {**one, "predict_many": ManyRequests})
        # What is loaded by now lives as long as the worker. Were it looked through for garbage
        # again and again, everybody would wait for a tenth of a second each time.
        gc.collect()
        gc.freeze()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        await self.grpc.stop()
        self.scoring.close()

    async def __is_ready__(self) -> bool:
        return self.grpc.ready and await self.scoring.ready()

    @bentoml.api
    async def predict(self, request: OneRequest, /) -> Decision:
        """The decision on one application, recorded."""
        return await answered(lambda: self._judge(request, PREDICT))

    @bentoml.api
    async def explain(self, request: OneRequest, /) -> Explanation:
        """The decision with every feature's contribution and the reasons, recorded."""
        return await answered(lambda: self._judge(request, EXPLAIN))

    @bentoml.api
    async def simulate(self, request: OneRequest, /) -> Explanation:
        """What the explained decision would be; nothing is recorded."""
        return await answered(lambda: self._simulate(request))

    @bentoml.api
    async def predict_many(self, request: ManyRequests, /) -> list[Decision | Failure]:
        """Decisions in order; a bad request is an error in its place and harms no other."""
        return await answered(lambda: self._judge_many(request))

    async def _judge(self, request: OneRequest, kind: str) -> Any:
        until, key = request.until(WHERE.timeout), read_key(request.key)
        async with request.body(LARGEST, until) as body:
            said, stamp = await read_beside(stamped(read_request, kind), body)
            call = Call(kind=kind, digest=stamp, key=key, until=until)
            return await request.waited_for(self.scoring.judge(said, call))

    async def _simulate(self, request: OneRequest) -> Any:
        until = request.until(WHERE.timeout)
        async with request.body(LARGEST, until) as body:
            said = await read_beside(read_request, body)
            return await request.waited_for(self.scoring.simulate(said, until))

    async def _judge_many(self, request: ManyRequests) -> Any:
        until = request.until(WHERE.timeout)
        refuse_key(request.key)
        async with request.body(LARGEST_MANY, until) as body:
            requests, stamp = await read_beside(stamped(read_requests, PREDICT), body)
            call = Call(kind=PREDICT, digest=stamp, until=until)
            return await request.waited_for(self._listed(requests, call))

    async def _listed(self, requests: Sequence[ScoringRequest | CreditError], call: Call) -> Any:
        outcomes = self.scoring.judge_many(requests, call)
        return [told(one) if isinstance(one, BaseException) else one async for one in outcomes]
