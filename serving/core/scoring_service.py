"""The core behind every door: a request becomes a decision, recorded before it is answered.

request ──► admitted ──► predict runner ─┐
                    ├──► explain runner ─┴──► recorded decision
                    └──► look runner ───────► features and risk, nothing decided
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
from serving.admission import admit
from serving.batching.adaptive_batcher import AdaptiveBatcher, BatchLimits, Item, Result
from serving.core.decision_engine import EXPLAIN, PREDICT, CallContext, DecisionEngine, ScoringJob
from serving.core.readiness import Readiness
from serving.errors import DeadlineExceeded, log_internal_error

PREDICT_LIMITS = BatchLimits(max_batch_size=64, max_batch_seconds=0.050)
EXPLAIN_LIMITS = BatchLimits(max_batch_size=4, max_batch_seconds=0.4, cooldown_ratio=1.0)
"""In one worker, the rest within the target. Beside more at once, or with less rest, predictions'
p99 would be more than twice what it is alone (docs/decisions/0006)."""

SCORE_CLIENT_LIMITS = BatchLimits(max_batch_size=16, cooldown_ratio=0.5)

MAX_REQUESTS_PER_CHUNK = 64
"""Requests of a long call that are handed to the runner together, before the next ones."""


class ScoringService:
    """Judges requests in batches, those that can be answered in good time."""

    def __init__(self, engine: DecisionEngine, *, patience: float = math.inf) -> None:
        """Make the core with its runners.

        Args:
            patience: Seconds that a request may have to wait; longer, and it is refused at once.
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
        """Whether decisions can be recorded."""
        return await self._readiness.is_ready()

    async def decide(self, request: ScoringRequest, call: CallContext) -> Decision:
        """The recorded decision on a request; an `Explanation` when that was called for.

        Raises:
            UnknownClient: the client is not in the store.
            KeyReused: the call's key answered another request.
            ModelReplaced: it answered an explanation of a model that serves no more.
            LedgerUnavailable: the ledger does not answer.
            Overloaded: too much is asked at once.
            DeadlineExceeded: the caller's time is over.
        """
        batcher = self._explain_batcher if call.kind == EXPLAIN else self._predict_batcher
        return await self._run_one(batcher, ScoringJob(request, call), call.deadline)

    async def simulate(self, request: ScoringRequest, deadline: float = math.inf) -> Decision:
        """The explained decision on a request, recorded nowhere.

        Raises:
            UnknownClient: the client is not in the store.
            Overloaded: too much is asked at once.
            DeadlineExceeded: the caller's time is over.
        """
        return await self._run_one(self._explain_batcher, ScoringJob(request), deadline)

    async def score_client(self, client_id: int) -> ScoredDossier:
        """A client of the store as the model sees it.

        Raises:
            UnknownClient: the client is not in the store.
            Overloaded: too much is asked at once.
        """
        return await self._run_one(self._score_client_batcher, client_id, math.inf)

    async def decide_many(
        self, requests: Sequence[ScoringRequest | CreditError], call: CallContext
    ) -> AsyncIterator[Decision | BaseException]:
        """A recorded decision for every request in order, an error in the place of a bad one.

        Once some are recorded the caller is told so, whatever becomes of the others: an error in
        the place of each. A ledger that is down is not asked again for the others.

        Raises:
            Overloaded: too much is asked at once; nothing was begun.
            LedgerUnavailable: the ledger does not answer; nothing is recorded.
            DeadlineExceeded: the caller's time was over before anything was told.
        """
        outage: LedgerUnavailable | None = None
        for start in range(0, len(requests), MAX_REQUESTS_PER_CHUNK):
            chunk = requests[start : start + MAX_REQUESTS_PER_CHUNK]
            if outage:
                outcomes = _fill_with_error(chunk, outage)
            else:
                # Once begun, a long call goes on: its patience is tried at its beginning alone.
                patience = math.inf if start else self._patience
                try:
                    async with self._within_deadline(
                        self._predict_batcher, deadline=call.deadline, patience=patience
                    ):
                        outcomes = await self._decide_chunk(chunk, call)
                except Exception as error:
                    if not start:
                        raise
                    log_internal_error("a part of many requests failed", error)
                    outcomes = _fill_with_error(chunk, error)
                    outage = error if isinstance(error, LedgerUnavailable) else None
            for outcome in outcomes:
                yield outcome

    def close(self) -> None:
        """Finish what runs, stop the threads, and let go of the ledger."""
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
        """Refuse what would wait too long; leave when the time is over."""
        admit(batcher, patience=patience or self._patience, deadline=deadline)
        try:
            remaining = None if math.isinf(deadline) else deadline - time.perf_counter()
            async with asyncio.timeout(remaining):
                yield
        except TimeoutError as error:
            raise DeadlineExceeded from error

    async def _decide_chunk(
        self, requests: Sequence[ScoringRequest | CreditError], call: CallContext
    ) -> list[Decision | BaseException]:
        jobs = [ScoringJob(item, call) for item in requests if not isinstance(item, CreditError)]
        results = await self._predict_batcher.run(jobs, deadline=call.deadline)
        if results and all(isinstance(item, LedgerUnavailable) for item in results):
            raise results[0]  # type: ignore[misc]  # which is an error
        remaining_results = iter(results)
        outcomes = [
            item if isinstance(item, CreditError) else next(remaining_results) for item in requests
        ]
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                log_internal_error("a request among many failed", outcome)
        return outcomes


def _fill_with_error(
    requests: Sequence[ScoringRequest | CreditError], error: Exception
) -> list[Decision | BaseException]:
    """What is told of requests that could not be judged; a bad one is what it was."""
    return [request if isinstance(request, CreditError) else error for request in requests]
