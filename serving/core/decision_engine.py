"""Decide on a batch of requests and record the decisions. A batcher calls this in its thread.

jobs ──► dossiers ──► features, risk ──► contributions ──► decisions ──► ledger ──► outcomes

All steps run in one thread: Python threads share one interpreter, and a small batch would wait
longer for a hand-over than it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, cast
from uuid import uuid4

import numpy as np
from sqlalchemy.exc import IntegrityError

from credit.contract.request import ScoringRequest
from credit.decision import Decision
from credit.dossier import Document, Floats
from credit.errors import CreditError, LedgerUnavailable, UnknownDecision
from credit.policy import Policy
from credit.schema import HISTORIES
from credit.scorer import Scorer
from credit.underwriting import ScoredDossier, explain_decision, make_decision, score_dossiers
from serving.errors import ModelReplaced
from stores.clients.store import ClientStore
from stores.document_codec import decompress_document
from stores.ledger.store import Ledger, LedgerRecord

PREDICT, EXPLAIN = "predict", "explain"

ROWS_PER_WEIGHT = 50
"""History rows that cost as much as an application form."""

STORED_CLIENT_WEIGHT = 4.0
"""Weight of a client of the store, equal to 150 rows: the dossier is read with its batch only."""


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """What a transport knows of a call in addition to its request."""

    kind: str
    """`PREDICT` or `EXPLAIN`."""
    digest: bytes
    """Digest of kind and body; an idempotency key is valid for one digest."""
    key: str | None = None
    """The caller's idempotency key."""
    deadline: float = math.inf
    """When the caller stops waiting, on the clock of `time.perf_counter`."""


class ScoringJob(NamedTuple):
    """A request and its call; without a call nothing is recorded."""

    request: ScoringRequest
    call: CallContext | None = None

    def compute_weight(self) -> float:
        """Return the expected cost in a batch, in units of one application form."""
        dossier = self.request.dossier
        if dossier is None:
            return STORED_CLIENT_WEIGHT
        n_rows = sum(len(dossier.get(name) or ()) for name in HISTORIES)
        return 1 + n_rows / ROWS_PER_WEIGHT


class ResolvedDossier(NamedTuple):
    """The dossier that a request is about."""

    document: Document
    compressed_document: bytes | None
    """The stored form, if the dossier is used as stored."""


class DecisionEngine:
    """Decides with one model under the policy of the day. Safe to share between threads."""

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
        """Return recorded decisions in order, or the error of a bad request.

        When the ledger fails, simulations in the batch are still answered; every recorded request
        gets this error instead.

        Raises:
            sqlalchemy.exc.IntegrityError: A key was used meanwhile; nothing is recorded.
            LedgerUnavailable: The ledger fails, and the batch has no simulations.
        """
        return self._decide_batch(jobs, with_explanation=False)

    def explain(self, jobs: Sequence[ScoringJob]) -> list[Decision | CreditError]:
        """Return explained decisions; otherwise as `predict`."""
        return self._decide_batch(jobs, with_explanation=True)

    def score_clients(self, clients: Sequence[int]) -> list[ScoredDossier]:
        """Return the features and the risk of clients in the store.

        Raises:
            UnknownClient: A client is not in the store.
        """
        documents = [self.clients.get_dossier(client) for client in clients]
        return score_dossiers(self.scorer, documents, self._get_policy())

    def replay(self, record: LedgerRecord) -> Decision:
        """Return the answer that was given with a record.

        Raises:
            ModelReplaced: It was an explanation by another model, which had other features.
        """
        decision, is_explanation = record.decision, record.contributions is not None
        if is_explanation and not self.is_from_current_model(record):
            raise ModelReplaced(decision.decision_id, decision.model_version)
        scored = ScoredDossier(
            document=record.document,
            row=record.feature_row,
            risk=decision.risk,
            not_stated=decision.not_stated,
        )
        return self._with_explanation(decision, scored, record.contributions)

    def is_from_current_model(self, record: LedgerRecord) -> bool:
        """Return whether a record's feature row and contributions are the served model's."""
        return record.decision.model_version == self.scorer.version

    def warm_up(self) -> None:
        """Run every step once without recording, so that the first caller does not wait longer.

        Raises:
            LedgerUnavailable: The ledger does not answer.
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
        outcomes: list[Any] = [self._resolve(job) for job in jobs]
        resolved = {
            index: outcome
            for index, outcome in enumerate(outcomes)
            if isinstance(outcome, ResolvedDossier)
        }
        if not resolved:
            return outcomes
        records = []
        for index, scored, contributions in self._score(
            resolved, with_explanation=with_explanation
        ):
            call = jobs[index].call
            decision = self._make_decision(scored, recorded=call is not None)
            outcomes[index] = self._with_explanation(decision, scored, contributions)
            if call:
                compressed_document = resolved[index].compressed_document
                records.append(
                    _build_record(decision, scored, contributions, call, compressed_document)
                )
        try:
            self.ledger.append(records)
        except IntegrityError:
            if len(jobs) == 1 and (stored_reply := self._find_reply(jobs[0].call)):
                return [stored_reply]  # a concurrent call with the same key was recorded first
            raise
        return outcomes

    def _resolve(self, job: ScoringJob) -> ResolvedDossier | Decision | CreditError:
        """Return the dossier to decide on, or the outcome that needs no decision."""
        try:
            return self._find_reply(job.call) or resolve_dossier(self.clients, job.request)
        except LedgerUnavailable:
            raise  # the next job would wait just as long for the same error
        except CreditError as error:
            return error

    def _find_reply(self, call: CallContext | None) -> Decision | None:
        """Return the earlier answer to the call's idempotency key, if there is one."""
        if call is None or call.key is None:
            return None
        record = self.ledger.find_by_key(call.key, call.digest)
        return None if record is None else self.replay(record)

    def _score(
        self,
        resolved: Mapping[int, ResolvedDossier],
        *,
        with_explanation: bool,
    ) -> list[tuple[int, ScoredDossier, Floats | None]]:
        """Return index, score and contributions of each dossier."""
        documents = [item.document for item in resolved.values()]
        scored = score_dossiers(self.scorer, documents, self._get_policy())
        contributions: Sequence[Floats | None] = [None] * len(scored)
        if with_explanation:
            matrix = np.stack([item.row for item in scored])
            contributions = list(self.scorer.predict_contributions(matrix))
        return list(zip(resolved, scored, contributions, strict=True))

    def _get_policy(self) -> Policy:
        return self.policy_on(datetime.now(UTC).date())

    def _make_decision(self, scored: ScoredDossier, *, recorded: bool) -> Decision:
        decided_at = datetime.now(UTC)
        decision_id = str(uuid4()) if recorded else None
        return make_decision(
            scored, self.scorer.version, self.policy_on(decided_at.date()), decision_id, decided_at
        )

    def _with_explanation(
        self, decision: Decision, scored: ScoredDossier, contributions: Floats | None
    ) -> Decision:
        if contributions is None:
            return decision
        policy = self.policy_on(decision.decided_at.date())
        return explain_decision(decision, scored, contributions, self.scorer, policy)


def resolve_dossier(clients: ClientStore, request: ScoringRequest) -> ResolvedDossier:
    """Return the request's own dossier or the client's stored one, with the request's changes.

    Raises:
        UnknownClient: The client is not in the store.
    """
    compressed_document = None
    document = request.dossier
    if document is None:
        compressed_document = clients.get_compressed(cast("int", request.client_id))
        document = decompress_document(compressed_document)
    if request.changes:
        return ResolvedDossier(request.apply_changes(document), None)
    return ResolvedDossier(document, compressed_document)


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
