"""The gRPC methods: read messages, call the core, write messages or an error status.

bytes ──► GrpcRequest ──► handle_request ──► message ──► bytes
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar, cast

import grpc

from credit.contract.request import ScoringRequest
from credit.decision import Decision, Explanation
from serving.core.request_handler import (
    EXPLAIN_OPERATION,
    PREDICT_MANY_OPERATION,
    PREDICT_OPERATION,
    Codec,
    DecisionStream,
    DecisionWork,
    Operation,
    handle_request,
)
from serving.core.scoring_service import RequestOrError, ScoringService
from serving.errors import BodyTooLarge
from serving.grpc.errors import build_failure_message, build_grpc_status
from serving.grpc.messages import (
    build_decision_message,
    build_explanation_message,
    parse_predict_many_request,
    parse_scoring_request,
)
from serving.metrics import REQUEST_SECONDS
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb
from serving.request_limits import BODY_BUDGET, IDEMPOTENCY_KEY_HEADER

LOG = logging.getLogger("bentoml.credit")

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["CreditScoring"].full_name

Context = grpc.aio.ServicerContext[bytes, Any]
Answer = TypeVar("Answer")


class GrpcRequest:
    """A received message and its call, as the core's `IncomingRequest`."""

    def __init__(self, body: bytes, context: Context) -> None:
        self._body = body
        self._context = context

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key in the metadata, unchecked."""
        key = dict(self._context.invocation_metadata() or ()).get(IDEMPOTENCY_KEY_HEADER)
        return None if key is None else str(key)

    def compute_deadline(self, max_seconds: float) -> float:
        """Return when the caller stops waiting, on the clock of `time.perf_counter`."""
        remaining = self._context.time_remaining()  # 0.0 is expired, None is no deadline
        timeout = max_seconds if remaining is None else min(remaining, max_seconds)
        return time.perf_counter() + timeout

    def read_body(
        self,
        max_bytes: int,
        deadline: float,  # noqa: ARG002 -- gRPC delivers complete messages
    ) -> AbstractAsyncContextManager[bytes]:
        """Return the message. `_measure_call` holds memory for it.

        Raises:
            BodyTooLarge: The message has more than `max_bytes`.
        """
        if len(self._body) > max_bytes:
            raise BodyTooLarge(max_bytes)
        return nullcontext(self._body)

    async def cancel_on_disconnect(self, work: Awaitable[Answer]) -> Answer:
        """Await some work; gRPC itself cancels it when the caller disconnects."""
        return await work


class ScoringServicer:
    """The methods of the service. They parse messages themselves to report malformed ones."""

    def __init__(self, scoring: ScoringService, max_seconds: float) -> None:
        self._scoring = scoring
        self._max_seconds = max_seconds

    def build_handler(self) -> grpc.GenericRpcHandler:
        """Return the handler that routes calls by method name."""
        unary_handler, stream_handler = (
            grpc.unary_unary_rpc_method_handler,
            grpc.unary_stream_rpc_method_handler,
        )
        serialize_many = pb.PredictManyResponse.SerializeToString
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "Predict": unary_handler(self.predict, None, pb.Decision.SerializeToString),
                "Explain": unary_handler(self.explain, None, pb.Explanation.SerializeToString),
                "PredictMany": stream_handler(self.predict_many, None, serialize_many),
            },
        )

    async def predict(self, body: bytes, context: Context) -> pb.Decision:
        return await self._answer("Predict", body, context, PREDICT_OPERATION, PREDICT_CODEC)

    async def explain(self, body: bytes, context: Context) -> pb.Explanation:
        return await self._answer("Explain", body, context, EXPLAIN_OPERATION, EXPLAIN_CODEC)

    async def predict_many(self, body: bytes, context: Context) -> None:
        codec = Codec(parse=_parse_many, respond=partial(_write_outcomes, context))
        await self._answer("PredictMany", body, context, PREDICT_MANY_OPERATION, codec)

    async def _answer(
        self,
        method: str,
        body: bytes,
        context: Context,
        operation: Operation[Any, Any],
        codec: Codec[Any, Any, Answer],
    ) -> Answer:
        async with _measure_call(method, body, context):
            return await handle_request(
                self._scoring,
                GrpcRequest(body, context),
                operation,
                codec,
                max_seconds=self._max_seconds,
            )


def _parse_many(body: bytes) -> tuple[list[RequestOrError], None]:
    return parse_predict_many_request(body), None


async def _build_decision(work: DecisionWork) -> pb.Decision:
    return build_decision_message(await work)


async def _build_explanation(work: DecisionWork) -> pb.Explanation:
    return build_explanation_message(cast("Explanation", await work))


async def _write_outcomes(context: Context, outcomes: DecisionStream) -> None:
    index = 0
    async for outcome in outcomes:
        if isinstance(outcome, Decision):
            decision = build_decision_message(outcome)
            message = pb.PredictManyResponse(place=index, decision=decision)
        else:
            message = pb.PredictManyResponse(place=index, error=build_failure_message(outcome))
        await context.write(message)
        index += 1


PREDICT_CODEC: Codec[ScoringRequest, DecisionWork, pb.Decision] = Codec(
    parse=parse_scoring_request, respond=_build_decision, has_key_in_body=True
)
EXPLAIN_CODEC: Codec[ScoringRequest, DecisionWork, pb.Explanation] = Codec(
    parse=parse_scoring_request, respond=_build_explanation, has_key_in_body=True
)


@asynccontextmanager
async def _measure_call(method: str, body: bytes, context: Context) -> AsyncIterator[None]:
    """Measure a call, hold memory for its message, and end it with a status when it fails."""
    started_at = time.perf_counter()
    status_code = grpc.StatusCode.CANCELLED
    try:
        try:
            with BODY_BUDGET.reserve(len(body)):
                yield
            status_code = grpc.StatusCode.OK
        except Exception as error:
            call_status = build_grpc_status(error)
            status_code = call_status.code
            if status_code is grpc.StatusCode.INTERNAL:
                LOG.exception("a call failed")
            await context.abort(
                call_status.code, call_status.details, call_status.trailing_metadata
            )
    finally:
        labels = {"route": f"/{SERVICE_NAME}/{method}", "status": status_code.name}
        REQUEST_SECONDS.labels(**labels).observe(time.perf_counter() - started_at)
