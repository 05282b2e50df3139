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
from credit.underwriting import Scored
from serving.admission import admit
from serving.batching.adaptive_batcher import Item, Limits, Result, Runner
from serving.core.decision_engine import EXPLAIN, PREDICT, Asked, Call, Judge
from serving.core.readiness import Readiness
from serving.errors import DeadlineExceeded, log_ours

PREDICTING = Limits(most=64, target=0.050)
EXPLAINING = Limits(most=4, target=0.4, rest=1.0)
"""In one worker, the rest within the target. Beside more at once, or with less rest, predictions'
p99 would be more than twice what it is alone (docs/decisions/0006)."""

LOOKING = Limits(most=16, rest=0.5)

AT_ONCE = 64
"""Requests of a long call that are handed to the runner together, before the next ones."""


class Scoring:
    """Judges requests in batches, those that can be answered in good time."""

    def __init__(self, judge: Judge, *, patience: float = math.inf) -> None:
        """Make the core with its runners.

        Args:
            patience: Seconds that a request may have to wait; longer, and it is refused at once.
        """
        self._judge = judge
        self._patience = patience
        shared = (LedgerUnavailable,)
        self._predict = Runner(
            PREDICT, judge.predict, PREDICTING, weigh=Asked.weight, shared=shared
        )
        self._explain = Runner(
            EXPLAIN,
            judge.explain,
            EXPLAINING,
            weigh=Asked.weight,
            shared=shared,
            ahead=self._predict,
        )
        self._look: Runner[int, Scored] = Runner("look", judge.look, LOOKING, ahead=self._predict)
        self._readiness = Readiness(judge.ledger.answers)

    async def ready(self) -> bool:
        """Whether decisions can be recorded."""
        return await self._readiness.now()

    async def judge(self, request: ScoringRequest, call: Call) -> Decision:
        """The recorded decision on a request; an `Explanation` when that was called for.

        Raises:
            UnknownClient: the client is not in the store.
            KeyReused: the call's key answered another request.
            ModelReplaced: it answered an explanation of a model that serves no more.
            LedgerUnavailable: the ledger does not answer.
            Overloaded: too much is asked at once.
            DeadlineExceeded: the caller's time is over.
        """
        runner = self._explain if call.kind == EXPLAIN else self._predict
        return await self._one(runner, Asked(request, call), call.until)

    async def simulate(self, request: ScoringRequest, until: float = math.inf) -> Decision:
        """The explained decision on a request, recorded nowhere.

        Raises:
            UnknownClient: the client is not in the store.
            Overloaded: too much is asked at once.
            DeadlineExceeded: the caller's time is over.
        """
        return await self._one(self._explain, Asked(request), until)

    async def look(self, client_id: int) -> Scored:
        """A client of the store as the model sees it.

        Raises:
            UnknownClient: the client is not in the store.
            Overloaded: too much is asked at once.
        """
        return await self._one(self._look, client_id, math.inf)

    async def judge_many(
        self, requests: Sequence[ScoringRequest | CreditError], call: Call
    ) -> AsyncIterator[Decision | BaseException]:
        """A recorded decision for every request in order, an error in the place of a bad one.

        Once some are recorded the caller is told so, whatever becomes of the others: an error in
        the place of each. A ledger that is down is not asked again for the others.

        Raises:
            Overloaded: too much is asked at once; nothing was begun.
            LedgerUnavailable: the ledger does not answer; nothing is recorded.
            DeadlineExceeded: the caller's time was over before anything was told.
        """
        down: LedgerUnavailable | None = None
        for start in range(0, len(requests), AT_ONCE):
            part = requests[start : start + AT_ONCE]
            if down:
                outcomes = _instead(part, down)
            else:
                # Once begun, a long call goes on: its patience is tried at its beginning alone.
                patience = math.inf if start else self._patience
                try:
                    async with self._in_time(self._predict, until=call.until, patience=patience):
                        outcomes = await self._judge_part(part, call)
                except Exception as error:
                    if not start:
                        raise
                    log_ours("a part of many requests failed", error)
                    outcomes = _instead(part, error)
                    down = error if isinstance(error, LedgerUnavailable) else None
            for outcome in outcomes:
                yield outcome

    def close(self) -> None:
        """Finish what runs, stop the threads, and let go of the ledger."""
        for runner in (self._predict, self._explain, self._look):
            runner.close()
        self._judge.ledger.close()

    async def _one(self, runner: Runner[Item, Result], item: Item, until: float) -> Result:
        async with self._in_time(runner, until=until):
            return await runner.one(item, until=until)

    @asynccontextmanager
    async def _in_time(
        self, runner: Runner[Any, Any], *, until: float, patience: float | None = None
    ) -> AsyncIterator[None]:
        """Refuse what would wait too long; leave when the time is over."""
        admit(runner, patience=patience or self._patience, until=until)
        try:
            left = None if math.isinf(until) else until - time.perf_counter()
            async with asyncio.timeout(left):
                yield
        except TimeoutError as error:
            raise DeadlineExceeded from error

    async def _judge_part(
        self, requests: Sequence[ScoringRequest | CreditError], call: Call
    ) -> list[Decision | BaseException]:
        good = [Asked(one, call) for one in requests if not isinstance(one, CreditError)]
        told = await self._predict.run(good, until=call.until)
        if told and all(isinstance(one, LedgerUnavailable) for one in told):
            raise told[0]  # type: ignore[misc]  # which is an error
        judged = iter(told)
        outcomes = [one if isinstance(one, CreditError) else next(judged) for one in requests]
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                log_ours("a request among many failed", outcome)
        return outcomes


def _instead(
    part: Sequence[ScoringRequest | CreditError], error: Exception
) -> list[Decision | BaseException]:
    """What is told of requests that could not be judged; a bad one is what it was."""
    return [one if isinstance(one, CreditError) else error for one in part]
