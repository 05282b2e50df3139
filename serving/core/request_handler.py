"""Handle one scoring request of either transport: parse, admit, decide, record, answer.

IncomingRequest ──► Codec.parse ──► Operation.decide ──► Codec.respond ──► answer

A transport contributes an `IncomingRequest` and a `Codec` for each operation. Everything else,
including the order of the checks, is the same for HTTP and gRPC.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from credit.contract.request import ScoringRequest
from credit.contract.wire_types import MAX_REQUEST_BYTES
from credit.decision import Decision
from serving.core.decision_engine import EXPLAIN, PREDICT, CallContext
from serving.core.scoring_service import RequestOrError, ScoringService
from serving.request_limits import (
    MAX_PREDICT_MANY_BYTES,
    parse_off_loop,
    reject_idempotency_key,
    validate_idempotency_key,
)
from stores.ledger.store import digest_request

Parsed = TypeVar("Parsed")
Work = TypeVar("Work")
Answer = TypeVar("Answer")

DecisionWork = Awaitable[Decision]
"""The work of an operation on one request."""

DecisionStream = AsyncIterator[Decision | BaseException]
"""The work of an operation on many requests: outcomes in order, an error for a bad request."""


class IncomingRequest(Protocol):
    """What the handler needs to know of a request, as its transport knows it."""

    @property
    def idempotency_key(self) -> str | None:
        """Idempotency key in the header or the metadata, unchecked."""

    def compute_deadline(self, max_seconds: float) -> float:
        """Return when the caller stops waiting, on the clock of `time.perf_counter`.

        Args:
            max_seconds: Time limit of the service; the caller may set a shorter one.

        Raises:
            InvalidDossier: The caller's time limit is malformed.
        """

    def read_body(self, max_bytes: int, deadline: float) -> AbstractAsyncContextManager[bytes]:
        """Read the body and hold memory for it until the block ends.

        Raises:
            BodyTooLarge: It has more than `max_bytes`.
            DeadlineExceeded: It was not complete in time.
            Overloaded: Other large bodies use the memory.
        """

    async def cancel_on_disconnect(self, work: Awaitable[Answer]) -> Answer:
        """Await some work and cancel it when the caller disconnects."""


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[Parsed, Work]):
    """What a scoring call does, whatever its transport."""

    kind: str
    """Kind of decision in the ledger and in the request digest."""
    max_body_bytes: int
    decide: Callable[[ScoringService, Parsed, CallContext], Work]
    is_recorded: bool = True
    """False: nothing is recorded, and an idempotency key has no effect."""
    accepts_key: bool = True


@dataclass(frozen=True, kw_only=True)
class Codec(Generic[Parsed, Work, Answer]):
    """How a transport reads the requests and writes the answers of an operation."""

    parse: Callable[[bytes], tuple[Parsed, str | None]]
    """Returns the request and the idempotency key in the body, if any."""
    respond: Callable[[Work], Awaitable[Answer]]
    has_key_in_body: bool = False
    """A key in the body replaces the one in the header, which is then not checked."""


PREDICT_OPERATION: Operation[ScoringRequest, DecisionWork] = Operation(
    kind=PREDICT, max_body_bytes=MAX_REQUEST_BYTES, decide=ScoringService.decide
)
EXPLAIN_OPERATION: Operation[ScoringRequest, DecisionWork] = Operation(
    kind=EXPLAIN, max_body_bytes=MAX_REQUEST_BYTES, decide=ScoringService.decide
)
SIMULATE_OPERATION: Operation[ScoringRequest, DecisionWork] = Operation(
    kind=EXPLAIN,
    max_body_bytes=MAX_REQUEST_BYTES,
    decide=lambda scoring, request, call: scoring.simulate(request, call.deadline),
    is_recorded=False,
)
PREDICT_MANY_OPERATION: Operation[list[RequestOrError], DecisionStream] = Operation(
    kind=PREDICT,
    max_body_bytes=MAX_PREDICT_MANY_BYTES,
    decide=ScoringService.decide_many,
    accepts_key=False,
)


async def handle_request(
    scoring: ScoringService,
    request: IncomingRequest,
    operation: Operation[Parsed, Work],
    codec: Codec[Parsed, Work, Answer],
    *,
    max_seconds: float,
) -> Answer:
    """Return the answer to a request; a decision is recorded before it is answered.

    Args:
        scoring: Admits the request and decides on it.
        request: The request as its transport received it.
        operation: What to do.
        codec: How the transport reads and writes.
        max_seconds: Time limit of the service for one request.

    Raises:
        CreditError: The request is malformed, refused, too late, or cannot be recorded.
    """
    deadline = request.compute_deadline(max_seconds)
    header_key = request.idempotency_key if operation.is_recorded else None
    if not operation.accepts_key:
        reject_idempotency_key(header_key)
    elif not codec.has_key_in_body:
        validate_idempotency_key(header_key)

    def parse(body: bytes) -> tuple[Any, str | None, bytes]:
        parsed, body_key = codec.parse(body)
        digest = digest_request(operation.kind, body) if operation.is_recorded else b""
        return parsed, body_key, digest

    async with request.read_body(operation.max_body_bytes, deadline) as body:
        parsed, body_key, digest = await parse_off_loop(parse, body)
        key = validate_idempotency_key(body_key or header_key)
        call = CallContext(kind=operation.kind, digest=digest, key=key, deadline=deadline)
        work = operation.decide(scoring, parsed, call)
        return await request.cancel_on_disconnect(codec.respond(work))
