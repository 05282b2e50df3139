"""The core behind the doors, in a test's own process."""

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

UNTOLD, UNSCORED = 123_456.0, 654_321.0
"""Incomes that the touchy scorer does not explain, and does not score."""

INCOME = list(CATALOGUE).index("income")


class Touchy:
    """A real scorer that cannot bear two incomes."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.batches: list[int] = []
        self.rows = 0
        """How many rows were told in words."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scorer, name)

    def contributions(self, features: Matrix) -> Floats:
        self.batches.append(len(features))
        if (features[:, INCOME] == UNTOLD).any():
            raise ValueError("this income")
        return self._scorer.predict_contributions(features)

    def risk(self, features: Matrix) -> Floats:
        if (features[:, INCOME] == UNSCORED).any():
            raise ValueError("this income")
        return self._scorer.predict_risk(features)

    def values(self, row: Matrix) -> Any:
        self.rows += 1
        return self._scorer.decode_row(row)


@contextmanager
def working(
    scorer: Scorer, clients: ClientStore, ledger: Ledger, patience: float = math.inf
) -> Iterator[ScoringService]:
    judge = DecisionEngine(scorer=scorer, clients=clients, ledger=ledger, policy_on=load_policy)
    judge.warm_up()
    made = ScoringService(judge, patience=patience)
    yield made
    made.close()


@asynccontextmanager
async def opened(
    scoring: ScoringService, **said: Any
) -> AsyncIterator[tuple[grpc.aio.Channel, GrpcServer]]:
    """A way to the gRPC door of a core, and the door, with some settings."""
    [port] = find_free_ports(1)
    server = GrpcServer(scoring, Settings(grpc_port=port, **said))
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel, server
    await server.stop()


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Keep a ledger's turn to write, as another worker does whose disk is slow."""
    with Path(f"{database}.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def dropped(database: Path, table: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()


def asked(**changes: Any) -> ScoringRequest:
    return ScoringRequest(dossier=make_applicant(**changes))


def judged(scoring: ScoringService, *calls: tuple[ScoringRequest, CallContext]) -> list[Any]:
    async def together() -> list[Any]:
        work = [scoring.decide(request, call) for request, call in calls]
        return await asyncio.gather(*work, return_exceptions=True)

    return asyncio.run(together())


def call(kind: str, body: bytes, **how: Any) -> CallContext:
    return CallContext(kind=kind, digest=digest_request(kind, body), **how)


@contextmanager
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Once BentoML was imported, its loggers tell no other of what they log."""
    LOG.addHandler(caplog.handler)
    before, LOG.propagate = LOG.propagate, False
    yield
    LOG.propagate = before
    LOG.removeHandler(caplog.handler)
