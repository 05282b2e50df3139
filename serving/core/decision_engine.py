"""What a runner's thread does with a batch: from requests to recorded decisions in one go.

asked ──► dossier ──► features, risk ──► contributions ──► decision ──► ledger ──► told

One thread for all of it: threads share one interpreter, and a small batch that goes from one to
another waits longer for its turn than it is worked on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
from sqlalchemy.exc import IntegrityError

from credit.contract.request import ScoringRequest
from credit.decision import Decision
from credit.dossier import Floats
from credit.errors import CreditError, LedgerUnavailable, UnknownDecision
from credit.features import Matrix
from credit.policy import Policy
from credit.schema import HISTORIES
from credit.scorer import Scorer
from credit.underwriting import Scored, decide, explain, score
from serving.errors import ModelReplaced
from serving.lookup import Found, find
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger, Record

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


TYPICAL = 4.0
"""What a client of the store weighs, whose dossier is opened in its batch only: 150 rows."""


class Asked(NamedTuple):
    """A request, and the call that it came by; without a call nothing is recorded."""

    request: ScoringRequest
    call: Call | None = None

    def weight(self) -> float:
        """What it weighs in a batch: the form as much as fifty rows of history."""
        dossier = self.request.dossier
        if dossier is None:
            return TYPICAL
        return 1 + sum(len(dossier.get(name) or ()) for name in HISTORIES) / 50


class Judge:
    """Decides with one model, under the policy of the day. Safe to share between threads."""

    def __init__(
        self,
        *,
        scorer: Scorer,
        clients: ClientStore,
        ledger: Ledger,
        policy_on: Callable[[date], Policy],
    ) -> None:
        self.scorer = scorer
        self.clients = clients
        self.ledger = ledger
        self.policy_on = policy_on

    def predict(self, asked: Sequence[Asked]) -> list[Decision | CreditError]:
        """Decisions in order, recorded when this returns; an error in the place of a bad request.

        Raises:
            sqlalchemy.exc.IntegrityError: a key was used meanwhile; nothing is recorded.
            LedgerUnavailable: the ledger does not answer; nothing may be told. Where some are not
                to be recorded they are judged, and it is in the place of the others.
        """
        return self._judged(asked, explaining=False)

    def explain(self, asked: Sequence[Asked]) -> list[Decision | CreditError]:
        """The same; each decision is an `Explanation`."""
        return self._judged(asked, explaining=True)

    def look(self, clients: Sequence[int]) -> list[Scored]:
        """Clients of the store as the model sees them; nothing is decided.

        Raises:
            UnknownClient: one is not in the store.
        """
        return score(self.scorer, [self.clients.dossier(client) for client in clients])

    def told(self, record: Record) -> Decision:
        """What is answered with a record whenever it is asked for again.

        Raises:
            ModelReplaced: it is an explanation, and its model's words are not known any more.
        """
        decision, explained = record.decision, record.contributions is not None
        if explained and not self.scored(record):
            raise ModelReplaced(decision.decision_id, decision.model_version)
        return self._told(decision, record.row, record.contributions)

    def scored(self, record: Record) -> bool:
        """Whether a record's row and contributions are those of the model that serves."""
        return record.decision.model_version == self.scorer.version

    def warm(self) -> None:
        """Go the whole way once, recording nothing: the first caller is not to pay for it.

        Raises:
            LedgerUnavailable: the ledger does not answer.
        """
        self.explain([Asked(ScoringRequest(dossier={"application": {}}))])
        self.clients.search("", 1)
        with suppress(UnknownDecision):
            self.ledger.find("none")

    def _judged(self, asked: Sequence[Asked], *, explaining: bool) -> list[Decision | CreditError]:
        try:
            return self._judge(asked, explaining=explaining)
        except LedgerUnavailable as error:
            unrecorded = [one for one in asked if one.call is None]
            if not unrecorded:
                raise
            judged = iter(self._judge(unrecorded, explaining=explaining))
            return [error if one.call else next(judged) for one in asked]

    def _judge(self, asked: Sequence[Asked], *, explaining: bool) -> list[Decision | CreditError]:
        outcomes: list[Any] = [self._begun(one) for one in asked]
        found = {place: one for place, one in enumerate(outcomes) if isinstance(one, Found)}
        if not found:
            return outcomes
        scored = score(self.scorer, [one.document for one in found.values()])
        explained = self._contributions(scored) if explaining else [None] * len(scored)
        records = []
        for (place, one), result, steps in zip(found.items(), scored, explained, strict=True):
            call = asked[place].call
            decision = self._decision(result, recorded=call is not None)
            outcomes[place] = self._told(decision, result.row, steps)
            if call:
                records.append(_record(decision, result, steps, call, one.packed))
        try:
            self.ledger.keep(records)
        except IntegrityError:
            if len(asked) == 1 and (known := self._known(asked[0].call)):
                return [known]  # the same key came twice at once, and the other was quicker
            raise
        return outcomes

    def _begun(self, asked: Asked) -> Found | Decision | CreditError:
        """The dossier to be judged, or what is told without judging."""
        try:
            return self._known(asked.call) or find(self.clients, asked.request)
        except LedgerUnavailable:
            raise  # as it would for the next one, after as long
        except CreditError as error:
            return error

    def _known(self, call: Call | None) -> Decision | None:
        """What the call's key was answered with before."""
        if call is None or call.key is None:
            return None
        record = self.ledger.answered(call.key, call.digest)
        return None if record is None else self.told(record)

    def _contributions(self, scored: Sequence[Scored]) -> list[Floats]:
        return list(self.scorer.contributions(np.stack([one.row for one in scored])))

    def _decision(self, scored: Scored, *, recorded: bool) -> Decision:
        at = datetime.now(UTC)
        name = str(uuid4()) if recorded else None
        return decide(scored, self.scorer.version, self.policy_on(at.date()), name, at)

    def _told(self, decision: Decision, row: Matrix, contributions: Floats | None) -> Decision:
        if contributions is None:
            return decision
        policy = self.policy_on(decision.decided_at.date())
        return explain(decision, row, contributions, self.scorer, policy)


def _record(
    decision: Decision, scored: Scored, told: Floats | None, call: Call, packed: bytes | None
) -> Record:
    return Record(
        decision=decision,
        kind=call.kind,
        document=scored.document,
        row=scored.row,
        contributions=told,
        request_digest=call.digest,
        request_key=call.key,
        packed=packed,
    )
