"""Admit requests and decide on them in batches. Decisions are recorded before they are returned.

request ──► admit ──► predict batcher ─┐
                 ├──► explain batcher ─┴──► recorded decision
                 └──► score batcher ──────► features and risk, no decision
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from credit.contract.request import ScoringRequest
from credit.decision import Decision
from credit.errors import CreditError, LedgerUnavailable
from credit.underwriting import ScoredDossier
from serving.batching.adaptive_batcher import AdaptiveBatcher, BatchLimits, Item, Result
from serving.core.decision_engine import EXPLAIN, PREDICT, CallContext, DecisionEngine, ScoringJob
from serving.core.readiness import Readiness
from serving.errors import DeadlineExceeded, Overloaded, log_internal_error

RequestOrError = ScoringRequest | CreditError
"""A request of a call with many, or the reason why it could not be parsed."""

PREDICT_LIMITS = BatchLimits(max_batch_size=64, max_batch_seconds=0.050)
EXPLAIN_LIMITS = BatchLimits(max_batch_size=4, max_batch_seconds=0.4, cooldown_ratio=1.0)
"""Explanations slow down predictions in the same worker. With larger batches or a shorter
cooldown, the p99 of predictions would more than double (docs/decisions/0006)."""

SCORE_CLIENT_LIMITS = BatchLimits(max_batch_size=16, cooldown_ratio=0.5)

MAX_REQUESTS_PER_CHUNK = 64
"""Requests of one call that enter the queue together; the next ones follow when these are done."""


class ScoringService:
    """Decides on requests in batches, and refuses those that would have to wait too long."""

    def __init__(self, engine: DecisionEngine, *, patience: float = math.inf) -> None:
        """Create the service and its batchers.

        Args:
            engine: Decides on a batch.
            patience: Longest expected wait in seconds; a request that would wait longer is
                refused at once.
        """
        self._engine = engine
        self._patience = patience
        batch_wide_errors = (LedgerUnavailable,)
        self._predict_batcher = AdaptiveBatcher(
            PREDICT,
            engine.predict,
            PREDICT_LIMITS,
            weight_of=ScoringJob.compute_weight,
            batch_wide_errors=batch_wide_errors,
        )
        self._explain_batcher = AdaptiveBatcher(
            EXPLAIN,
            engine.explain,
            EXPLAIN_LIMITS,
            weight_of=ScoringJob.compute_weight,
            batch_wide_errors=batch_wide_errors,
            yields_to=self._predict_batcher,
        )
        self._score_client_batcher: AdaptiveBatcher[int, ScoredDossier] = AdaptiveBatcher(
            "look", engine.score_clients, SCORE_CLIENT_LIMITS, yields_to=self._predict_batcher
        )
        self._readiness = Readiness(engine.ledger.is_available)

    async def is_ready(self) -> bool:
        """Return whether decisions can be recorded."""
        return await self._readiness.is_ready()

    async def decide(self, request: ScoringRequest, call: CallContext) -> Decision:
        """Return the recorded decision on a request, an `Explanation` if the call is for one.

        Raises:
            UnknownClient: The client is not in the store.
            IdempotencyKeyReused: The key belongs to another request.
            ModelReplaced: The key belongs to an explanation by an earlier model.
            LedgerUnavailable: The decision cannot be recorded.
            Overloaded: The queue is too long.
            DeadlineExceeded: The caller's time limit was reached.
        """
        batcher = self._explain_batcher if call.kind == EXPLAIN else self._predict_batcher
        return await self._run_one(batcher, ScoringJob(request, call), call.deadline)

    async def simulate(self, request: ScoringRequest, deadline: float = math.inf) -> Decision:
        """Return the explained decision on a request without recording it.

        Raises:
            UnknownClient: The client is not in the store.
            Overloaded: The queue is too long.
            DeadlineExceeded: The caller's time limit was reached.
        """
        return await self._run_one(self._explain_batcher, ScoringJob(request), deadline)

    async def score_client(self, client_id: int) -> ScoredDossier:
        """Return the features and the risk of a client in the store.

        Raises:
            UnknownClient: The client is not in the store.
            Overloaded: The queue is too long.
        """
        return await self._run_one(self._score_client_batcher, client_id, math.inf)

    async def decide_many(
        self, requests: Sequence[RequestOrError], call: CallContext
    ) -> AsyncIterator[Decision | BaseException]:
        """Yield a recorded decision for every request in order, or its error.

        Once the first chunk is recorded, its decisions are returned whatever happens to the rest:
        a chunk that fails yields its error for each of its requests. After the ledger failed, it
        is not tried again.

        Raises:
            Overloaded: The queue is too long; nothing was started.
            LedgerUnavailable: Nothing could be recorded.
            DeadlineExceeded: The time limit was reached before the first answer.
        """
        outage: LedgerUnavailable | None = None
        for start in range(0, len(requests), MAX_REQUESTS_PER_CHUNK):
            chunk = requests[start : start + MAX_REQUESTS_PER_CHUNK]
            if outage:
                outcomes = _fill_with_error(chunk, outage)
            else:
                # A long call is admitted once; its later chunks wait as long as they must.
                patience = math.inf if start else self._patience
                try:
                    async with self._within_deadline(
                        self._predict_batcher, deadline=call.deadline, patience=patience
                    ):
                        outcomes = await self._decide_chunk(chunk, call)
                except Exception as error:
                    if not start:
                        raise
                    log_internal_error("a chunk of a call with many requests failed", error)
                    outcomes = _fill_with_error(chunk, error)
                    outage = error if isinstance(error, LedgerUnavailable) else None
            for outcome in outcomes:
                yield outcome

    def close(self) -> None:
        """Finish the running batches, stop the threads, and close the ledger."""
        for batcher in (self._predict_batcher, self._explain_batcher, self._score_client_batcher):
            batcher.close()
        self._engine.ledger.close()

    async def _run_one(
        self, batcher: AdaptiveBatcher[Item, Result], item: Item, deadline: float
    ) -> Result:
        async with self._within_deadline(batcher, deadline=deadline):
            return await batcher.run_one(item, deadline=deadline)

    @asynccontextmanager
    async def _within_deadline(
        self, batcher: AdaptiveBatcher[Any, Any], *, deadline: float, patience: float | None = None
    ) -> AsyncIterator[None]:
        """Admit a request, and cancel the block when its deadline is reached."""
        admit(batcher, patience=patience or self._patience, deadline=deadline)
        try:
            remaining = None if math.isinf(deadline) else deadline - time.perf_counter()
            async with asyncio.timeout(remaining):
                yield
        except TimeoutError as error:
            raise DeadlineExceeded from error

    async def _decide_chunk(
        self, requests: Sequence[RequestOrError], call: CallContext
    ) -> list[Decision | BaseException]:
        jobs = [ScoringJob(item, call) for item in requests if not isinstance(item, CreditError)]
        results = await self._predict_batcher.run(jobs, deadline=call.deadline)
        if results and all(isinstance(item, LedgerUnavailable) for item in results):
            raise results[0]  # type: ignore[misc]  # it is an error
        remaining_results = iter(results)
        outcomes = [
            item if isinstance(item, CreditError) else next(remaining_results) for item in requests
        ]
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                log_internal_error("a request in a call with many failed", outcome)
        return outcomes


def admit(batcher: AdaptiveBatcher[Any, Any], *, patience: float, deadline: float) -> None:
    """Reject a request if its expected queueing time exceeds the limit.

    Args:
        batcher: The batcher that the request would enter.
        patience: Longest acceptable wait in seconds.
        deadline: When the caller stops waiting, on the clock of `time.perf_counter`.

    Raises:
        DeadlineExceeded: The deadline has passed.
        Overloaded: The expected wait is longer than `patience` or than the remaining time.
    """
    remaining = deadline - time.perf_counter()
    if remaining <= 0:
        raise DeadlineExceeded
    expected_wait = batcher.estimate_wait()
    if expected_wait > min(patience, remaining):
        raise Overloaded(expected_wait)


def _fill_with_error(
    requests: Sequence[RequestOrError], error: Exception
) -> list[Decision | BaseException]:
    """Return an error for every request of a chunk; a malformed request keeps its own."""
    return [request if isinstance(request, CreditError) else error for request in requests]
