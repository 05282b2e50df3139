"""The core behind every door: a request becomes a decision, recorded before it is answered.

request ──► dossier ──► predict runner ──► explain runner ──► decision ──► ledger ──► answer
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import numpy as np
from sqlalchemy.exc import IntegrityError

from credit.contract.request import ScoringRequest
from credit.decision import Decision, Explanation
from credit.dossier import Document, Floats
from credit.errors import CreditError, LedgerUnavailable, UnknownDecision
from credit.policy import Policy
from credit.scorer import Scorer
from credit.underwriting import Scored, decide, explain, score
from serving.admission import Gate, admit
from serving.errors import DeadlineExceeded, ModelReplaced, log_ours
from serving.lookup import Found, find, find_all, weight
from serving.readiness import Readiness
from serving.runners import Limits, Runner
from stores.clients import ClientStore
from stores.ledger import Ledger, Record

PREDICTING = Limits(most=64, target=0.050)
EXPLAINED_AT_ONCE = 1
"""In one worker. More are explained faster, and predictions beside them wait longer: with 1 their
p99 is about twice what it is alone, with 4 four times (docs/decisions/0006)."""
EXPLAINING = Limits(most=EXPLAINED_AT_ONCE)
KEEPING = Limits(most=256, target=0.050)

AT_ONCE = 64
"""Requests of a long call that are judged together, before the next ones are looked up."""

PREDICT, EXPLAIN = "predict", "explain"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What came through a door, beside the request itself."""

    kind: str
    """What was called for: predict or explain."""
    digest: bytes
    """Tells one request from another."""
    key: str | None = None
    """The caller's idempotency key."""
    until: float = math.inf
    """When the caller stops waiting, on `time.perf_counter`'s clock."""


class Scoring:
    """Judges requests with one model, under the policy of the day."""

    def __init__(
        self,
        *,
        scorer: Scorer,
        clients: ClientStore,
        ledger: Ledger,
        policy_on: Callable[[date], Policy],
        patience: float = math.inf,
    ) -> None:
        """Make the core with its three runners.

        Args:
            patience: Seconds that a request may have to wait; longer, and it is refused at once.
        """
        self.scorer = scorer
        self.clients = clients
        self.ledger = ledger
        self.policy_on = policy_on
        self._patience = patience
        self._predict = Runner(PREDICT, self._score, PREDICTING, weigh=weight)
        self._explain = Runner(EXPLAIN, self._contributions, EXPLAINING)
        self._explaining = Gate("explaining", most=EXPLAINED_AT_ONCE)
        self._keep = Runner("keep", ledger.keep, KEEPING, shared=(LedgerUnavailable,))
        self._readiness = Readiness(ledger.answers)

    def warm(self) -> None:
        """Go the whole way once, recording nothing: the first caller is not to pay for it.

        Raises:
            LedgerUnavailable: the ledger does not answer.
        """
        [scored] = self._score([{"application": {}}])
        [told] = self._contributions([scored])
        self._explained(scored, told)
        self.clients.search("", 1)
        with suppress(UnknownDecision):
            self.ledger.find("none")

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
        ahead: list[Gate | Runner[Any, Any]] = [self._predict, self._keep]
        explaining = call.kind == EXPLAIN
        if explaining:
            ahead += [self._explaining, self._explain]
        async with self._in_time(*ahead, until=call.until):
            if known := await self._known(call):
                return self.answer(known)
            found = find(self.clients, request)
            # An explanation keeps its turn until it is recorded: predictions breathe meanwhile.
            async with self._explaining.turn() if explaining else nullcontext():
                scored = await self._predict.one(found.document, until=call.until)
                told = await self._explain.one(scored, until=call.until) if explaining else None
                record = self._record(scored, told, call, found.packed)
                try:
                    await self._keep.one(record, until=call.until)
                except IntegrityError:
                    # The same key came twice at once, and the other was quicker.
                    if known := await self._known(call):
                        return self.answer(known)
                    raise
                return self.answer(record)

    async def judge_many(
        self, requests: Sequence[ScoringRequest | CreditError], call: Call
    ) -> AsyncIterator[Decision | BaseException]:
        """A recorded decision for every request in order, an error in the place of a bad one.

        Once some are recorded the caller is told so, whatever becomes of the others: an error in
        the place of each.

        Raises:
            Overloaded: too much is asked at once; nothing was begun.
            DeadlineExceeded: the caller's time was over before anything was told.
        """
        for start in range(0, len(requests), AT_ONCE):
            part = requests[start : start + AT_ONCE]
            # Once begun, a long call goes on: its patience is tried at its beginning alone.
            patience = math.inf if start else self._patience
            ahead = (self._predict, self._keep)
            try:
                async with self._in_time(*ahead, until=call.until, patience=patience):
                    outcomes = await self._judge_part(part, call)
            except Exception as error:
                if not start:
                    raise
                log_ours("a part of many requests failed", error)
                outcomes = [error] * len(part)
            for outcome in outcomes:
                yield outcome

    async def simulate(self, request: ScoringRequest, until: float = math.inf) -> Decision:
        """The explained decision on a request, recorded nowhere.

        Raises:
            UnknownClient: the client is not in the store.
            Overloaded: too much is asked at once.
            DeadlineExceeded: the caller's time is over.
        """
        ahead = (self._predict, self._explaining, self._explain)
        async with self._in_time(*ahead, until=until):
            document = find(self.clients, request).document
            async with self._explaining.turn():
                scored = await self._predict.one(document, until=until)
                told = await self._explain.one(scored, until=until)
            return self._explained(scored, told)

    async def look(self, client_id: int) -> Scored:
        """A client of the store as the model sees it; nothing is decided.

        Raises:
            UnknownClient: the client is not in the store.
            Overloaded: too much is asked at once.
        """
        async with self._in_time(self._predict, until=math.inf):
            return await self._predict.one(self.clients.dossier(client_id))

    def answer(self, record: Record) -> Decision:
        """What is answered with a record, now and whenever it is asked for again.

        Raises:
            ModelReplaced: it is an explanation, and its model's words are not known any more.
        """
        decision = record.decision
        if record.contributions is None:
            return decision
        if not self.scored(record):
            raise ModelReplaced(decision.decision_id, decision.model_version)
        policy = self.policy_on(decision.decided_at.date())
        return explain(decision, record.row, record.contributions, self.scorer, policy)

    def scored(self, record: Record) -> bool:
        """Whether a record's row and contributions are those of the model that serves."""
        return record.decision.model_version == self.scorer.version

    def close(self) -> None:
        """Finish what runs, stop the threads, and let go of the ledger."""
        for runner in (self._predict, self._explain, self._keep):
            runner.close()
        self.ledger.close()

    @asynccontextmanager
    async def _in_time(
        self, *ahead: Gate | Runner[Any, Any], until: float, patience: float | None = None
    ) -> AsyncIterator[None]:
        """Refuse what would wait too long on its way; leave when the time is over."""
        admit(*ahead, patience=patience or self._patience, until=until)
        try:
            left = None if math.isinf(until) else until - time.perf_counter()
            async with asyncio.timeout(left):
                yield
        except TimeoutError as error:
            raise DeadlineExceeded from error

    async def _judge_part(
        self, requests: Sequence[ScoringRequest | CreditError], call: Call
    ) -> list[Decision | BaseException]:
        outcomes: list[Any] = await asyncio.to_thread(find_all, self.clients, requests)
        good = {i: found for i, found in enumerate(outcomes) if isinstance(found, Found)}
        documents = [found.document for found in good.values()]
        scored = await self._predict.run(documents, until=call.until)
        records: dict[int, Record] = {}
        for (place, found), result in zip(good.items(), scored, strict=True):
            outcomes[place] = result
            if not isinstance(result, BaseException):
                records[place] = self._record(result, None, call, found.packed)
        kept = await self._keep.run(list(records.values()), until=call.until)
        for (place, record), failure in zip(records.items(), kept, strict=True):
            outcomes[place] = failure or record.decision
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                log_ours("a request among many failed", outcome)
        return outcomes

    def _score(self, documents: Sequence[Document]) -> list[Scored]:
        return score(self.scorer, documents)

    def _contributions(self, scored: Sequence[Scored]) -> list[Floats]:
        return list(self.scorer.contributions(np.stack([one.row for one in scored])))

    def _explained(self, scored: Scored, told: Floats) -> Explanation:
        at = datetime.now(UTC)
        policy = self.policy_on(at.date())
        decision = decide(scored, self.scorer.version, policy, None, at)
        return explain(decision, scored.row, told, self.scorer, policy)

    def _record(
        self, scored: Scored, told: Floats | None, call: Call, packed: bytes | None
    ) -> Record:
        at = datetime.now(UTC)
        policy = self.policy_on(at.date())
        return Record(
            decision=decide(scored, self.scorer.version, policy, str(uuid4()), at),
            kind=call.kind,
            document=scored.document,
            row=scored.row,
            contributions=told,
            request_digest=call.digest,
            request_key=call.key,
            packed=packed,
        )

    async def _known(self, call: Call) -> Record | None:
        """What the call's key was answered with before."""
        if call.key is None:
            return None
        return await asyncio.to_thread(self.ledger.answered, call.key, call.digest)
