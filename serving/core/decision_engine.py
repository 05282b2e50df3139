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
from credit.underwriting import ScoredDossier, explain_decision, make_decision, score_dossiers
from serving.errors import ModelReplaced
from serving.lookup import ResolvedDossier, resolve_dossier
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger, LedgerRecord

PREDICT, EXPLAIN = "predict", "explain"


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """What came through a door, beside the request itself."""

    kind: str
    """What was called for: predict or explain."""
    digest: bytes
    """Tells one request from another."""
    key: str | None = None
    """The caller's idempotency key."""
    deadline: float = math.inf
    """When the caller stops waiting, on `time.perf_counter`'s clock."""


STORED_CLIENT_WEIGHT = 4.0
"""What a client of the store weighs, whose dossier is opened in its batch only: 150 rows."""


class ScoringJob(NamedTuple):
    """A request, and the call that it came by; without a call nothing is recorded."""

    request: ScoringRequest
    call: CallContext | None = None

    def compute_weight(self) -> float:
        """What it weighs in a batch: the form as much as fifty rows of history."""
        dossier = self.request.dossier
        if dossier is None:
            return STORED_CLIENT_WEIGHT
        return 1 + sum(len(dossier.get(name) or ()) for name in HISTORIES) / 50


class DecisionEngine:
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

    def predict(self, jobs: Sequence[ScoringJob]) -> list[Decision | CreditError]:
        """Decisions in order, recorded when this returns; an error in the place of a bad request.

        Raises:
            sqlalchemy.exc.IntegrityError: a key was used meanwhile; nothing is recorded.
            LedgerUnavailable: the ledger does not answer; nothing may be told. Where some are not
                to be recorded they are judged, and it is in the place of the others.
        """
        return self._decide_batch(jobs, with_explanation=False)

    def explain(self, jobs: Sequence[ScoringJob]) -> list[Decision | CreditError]:
        """The same; each decision is an `Explanation`."""
        return self._decide_batch(jobs, with_explanation=True)

    def score_clients(self, clients: Sequence[int]) -> list[ScoredDossier]:
        """Clients of the store as the model sees them; nothing is decided.

        Raises:
            UnknownClient: one is not in the store.
        """
        return score_dossiers(
            self.scorer, [self.clients.get_dossier(client) for client in clients]
        )

    def replay(self, record: LedgerRecord) -> Decision:
        """What is answered with a record whenever it is asked for again.

        Raises:
            ModelReplaced: it is an explanation, and its model's words are not known any more.
        """
        decision, is_explanation = record.decision, record.contributions is not None
        if is_explanation and not self.is_from_current_model(record):
            raise ModelReplaced(decision.decision_id, decision.model_version)
        return self._with_explanation(decision, record.feature_row, record.contributions)

    def is_from_current_model(self, record: LedgerRecord) -> bool:
        """Whether a record's row and contributions are those of the model that serves."""
        return record.decision.model_version == self.scorer.version

    def warm_up(self) -> None:
        """Go the whole way once, recording nothing: the first caller is not to pay for it.

        Raises:
            LedgerUnavailable: the ledger does not answer.
        """
        self.explain([ScoringJob(ScoringRequest(dossier={"application": {}}))])
        self.clients.search("", 1)
        with suppress(UnknownDecision):
            self.ledger.find("none")

    def _decide_batch(
        self, jobs: Sequence[ScoringJob], *, with_explanation: bool
    ) -> list[Decision | CreditError]:
        try:
            return self._decide_and_record(jobs, with_explanation=with_explanation)
        except LedgerUnavailable as error:
            unrecorded = [job for job in jobs if job.call is None]
            if not unrecorded:
                raise
            decisions = iter(
                self._decide_and_record(unrecorded, with_explanation=with_explanation)
            )
            return [error if job.call else next(decisions) for job in jobs]

    def _decide_and_record(
        self, jobs: Sequence[ScoringJob], *, with_explanation: bool
    ) -> list[Decision | CreditError]:
        outcomes: list[Any] = [self._resolve(item) for item in jobs]
        resolved = {
            index: item for index, item in enumerate(outcomes) if isinstance(item, ResolvedDossier)
        }
        if not resolved:
            return outcomes
        scored = score_dossiers(self.scorer, [item.document for item in resolved.values()])
        contributions = (
            self._compute_contributions(scored) if with_explanation else [None] * len(scored)
        )
        records = []
        for (index, item), result, row_contributions in zip(
            resolved.items(), scored, contributions, strict=True
        ):
            call = jobs[index].call
            decision = self._make_decision(result, recorded=call is not None)
            outcomes[index] = self._with_explanation(decision, result.row, row_contributions)
            if call:
                records.append(
                    _build_record(
                        decision, result, row_contributions, call, item.compressed_document
                    )
                )
        try:
            self.ledger.append(records)
        except IntegrityError:
            if len(jobs) == 1 and (stored_reply := self._idempotent_reply(jobs[0].call)):
                return [stored_reply]  # the same key came twice at once, and the other was quicker
            raise
        return outcomes

    def _resolve(self, job: ScoringJob) -> ResolvedDossier | Decision | CreditError:
        """The dossier to be judged, or what is told without judging."""
        try:
            return self._idempotent_reply(job.call) or resolve_dossier(self.clients, job.request)
        except LedgerUnavailable:
            raise  # as it would for the next one, after as long
        except CreditError as error:
            return error

    def _idempotent_reply(self, call: CallContext | None) -> Decision | None:
        """What the call's key was answered with before."""
        if call is None or call.key is None:
            return None
        record = self.ledger.find_by_key(call.key, call.digest)
        return None if record is None else self.replay(record)

    def _compute_contributions(self, scored: Sequence[ScoredDossier]) -> list[Floats]:
        return list(self.scorer.predict_contributions(np.stack([item.row for item in scored])))

    def _make_decision(self, scored: ScoredDossier, *, recorded: bool) -> Decision:
        decided_at = datetime.now(UTC)
        decision_id = str(uuid4()) if recorded else None
        return make_decision(
            scored, self.scorer.version, self.policy_on(decided_at.date()), decision_id, decided_at
        )

    def _with_explanation(
        self, decision: Decision, row: Matrix, contributions: Floats | None
    ) -> Decision:
        if contributions is None:
            return decision
        policy = self.policy_on(decision.decided_at.date())
        return explain_decision(decision, row, contributions, self.scorer, policy)


def _build_record(
    decision: Decision,
    scored: ScoredDossier,
    contributions: Floats | None,
    call: CallContext,
    compressed_document: bytes | None,
) -> LedgerRecord:
    return LedgerRecord(
        decision=decision,
        kind=call.kind,
        document=scored.document,
        feature_row=scored.row,
        contributions=contributions,
        request_digest=call.digest,
        request_key=call.key,
        compressed_document=compressed_document,
    )
