"""The transport-independent core of serving, run in a test's own process."""

from __future__ import annotations

import asyncio
import fcntl
import math
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from credit.contract.request import ScoringRequest
from credit.dossier import Floats
from credit.features import CATALOGUE, Matrix
from credit.policy import load_policy
from credit.scorer import Scorer
from loadtests.target import find_free_ports
from serving.core.decision_engine import CallContext, DecisionEngine
from serving.core.scoring_service import ScoringService
from serving.errors import LOG
from serving.grpc.server import GrpcServer
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger, digest_request
from stores.settings import Settings
from tests.support.example_dossiers import make_applicant

UNEXPLAINABLE_INCOME, UNSCORABLE_INCOME = 123_456.0, 654_321.0
"""Incomes at which the failing scorer cannot explain, and cannot score."""

INCOME_INDEX = list(CATALOGUE).index("income")


class FailingScorer:
    """A real scorer that fails on two incomes and counts its work."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.batches: list[int] = []
        """Rows of each batch that was explained."""
        self.decoded_rows = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scorer, name)

    def predict_contributions(self, features: Matrix) -> Floats:
        self.batches.append(len(features))
        if (features[:, INCOME_INDEX] == UNEXPLAINABLE_INCOME).any():
            raise ValueError("this income")
        return self._scorer.predict_contributions(features)

    def predict_risk(self, features: Matrix) -> Floats:
        if (features[:, INCOME_INDEX] == UNSCORABLE_INCOME).any():
            raise ValueError("this income")
        return self._scorer.predict_risk(features)

    def decode_row(self, row: Matrix) -> Any:
        self.decoded_rows += 1
        return self._scorer.decode_row(row)


@contextmanager
def run_scoring_service(
    scorer: Scorer, clients: ClientStore, ledger: Ledger, patience: float = math.inf
) -> Iterator[ScoringService]:
    engine = DecisionEngine(scorer=scorer, clients=clients, ledger=ledger, policy_on=load_policy)
    engine.warm_up()
    scoring = ScoringService(engine, patience=patience)
    yield scoring
    scoring.close()


@asynccontextmanager
async def open_grpc_server(
    scoring: ScoringService, **settings: Any
) -> AsyncIterator[tuple[grpc.aio.Channel, GrpcServer]]:
    """Serve a core over gRPC on a free port; yield a channel and the server."""
    [port] = find_free_ports(1)
    server = GrpcServer(scoring, Settings(grpc_port=port, **settings))
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel, server
    await server.stop()


@contextmanager
def hold_write_lock(database: Path) -> Iterator[None]:
    """Hold a ledger's write lock, as another worker with a slow disk does."""
    with Path(f"{database}.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def drop_table(database: Path, table: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()


def make_request(**changes: Any) -> ScoringRequest:
    return ScoringRequest(dossier=make_applicant(**changes))


def make_call(
    kind: str, body: bytes, *, key: str | None = None, deadline: float = math.inf
) -> CallContext:
    return CallContext(kind=kind, digest=digest_request(kind, body), key=key, deadline=deadline)


def decide_together(
    scoring: ScoringService, *calls: tuple[ScoringRequest, CallContext]
) -> list[Any]:
    """Return the outcomes of concurrent calls in order, errors included."""

    async def decide_all() -> list[Any]:
        work = [scoring.decide(request, call) for request, call in calls]
        return await asyncio.gather(*work, return_exceptions=True)

    return asyncio.run(decide_all())


@contextmanager
def capture_service_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Capture BentoML's loggers, which stop propagating records once it is imported."""
    LOG.addHandler(caplog.handler)
    propagated, LOG.propagate = LOG.propagate, False
    yield
    LOG.propagate = propagated
    LOG.removeHandler(caplog.handler)
