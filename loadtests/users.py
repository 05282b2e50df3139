"""Who calls on a day: advisers at their page, clients' systems, a nightly portfolio.

Every answer is looked at: a call counts as failed when it holds no risk between 0 and 1.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import grpc.experimental.gevent as grpc_gevent
import orjson
from locust import FastHttpUser, User, between, constant_throughput, task

from loadtests.reflected import method

grpc_gevent.init_gevent()

MANY = 50
"""Requests in one call of a portfolio."""

ASKED_ABOUT = 20
"""The most important features, whose position advisers look up."""

PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Known:
    """What callers know before they call."""

    clients: list[int]
    features: list[str]
    dossiers: list[bytes]


@cache
def known(host: str, dossiers: str) -> Known:
    """The served clients and features, and the dossiers of a file."""

    def ask(path: str) -> Any:
        with urlopen(host + path, timeout=PATIENCE) as answer:  # noqa: S310 -- the host under test
            return orjson.loads(answer.read())

    described = ask("/v1/model")["features"]
    return Known(
        clients=ask("/v1/clients?limit=1000")["clients"],
        features=[feature["name"] for feature in described[:ASKED_ABOUT]],
        dossiers=Path(dossiers).read_bytes().splitlines(),
    )


class Caller(FastHttpUser):
    """Calls over HTTP."""

    abstract = True
    network_timeout = connection_timeout = PATIENCE

    def on_start(self) -> None:
        self.known = known(self.host, self.environment.parsed_options.dossiers)

    def client_id(self) -> int:
        return random.choice(self.known.clients)  # noqa: S311 -- chance, not secrets, as below

    def by_id(self) -> bytes:
        return orjson.dumps({"client_id": self.client_id()})

    def dossier(self) -> bytes:
        return b'{"dossier":' + random.choice(self.known.dossiers) + b"}"  # noqa: S311

    def judge(self, path: str, body: bytes, name: str) -> Any:
        """Ask for a decision; whoever gets none, or one without a risk, has failed."""
        sent: Any = body  # locust's annotation forgets bytes
        with self.client.post(path, data=sent, name=name, catch_response=True) as answer:
            if answer.status_code != HTTPStatus.OK:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
                return None
            try:
                said = orjson.loads(answer.content or b"")
            except orjson.JSONDecodeError as error:
                answer.failure(f"no JSON ({error}): {answer.text[:200]}")
                return None
            for decision in said if isinstance(said, list) else [said]:
                if not 0 <= decision.get("risk", -1) <= 1:
                    answer.failure(f"no risk: {str(decision)[:200]}")
                    return None
            return said


class ClientSystem(Caller):
    """A system that asks for decisions, of known clients and with whole dossiers."""

    weight = 6
    wait_time = constant_throughput(4)

    @task(12)
    def predict(self) -> None:
        self.judge("/predict", self.by_id(), "predict by id")

    @task(8)
    def predict_dossier(self) -> None:
        self.judge("/predict", self.dossier(), "predict a dossier")

    @task(3)
    def explain(self) -> None:
        self.judge("/explain", self.by_id(), "explain by id")

    @task(1)
    def explain_dossier(self) -> None:
        self.judge("/explain", self.dossier(), "explain a dossier")


class Adviser(Caller):
    """An adviser with a client in front: find, decide, explain, try another amount, look up."""

    weight = 6
    wait_time = between(1, 3)

    @task
    def meeting(self) -> None:
        client = self.client_id()
        self.client.get(f"/v1/clients?prefix={str(client)[:4]}&limit=20", name="clients")
        self.client.get(f"/v1/clients/{client}", name="profile")
        said = self.judge("/explain", orjson.dumps({"client_id": client}), "explain by id")
        self.wait()
        for _ in range(2):
            changes = {"AMT_CREDIT": random.randrange(50_000, 1_000_000, 10_000)}  # noqa: S311
            tried = orjson.dumps({"client_id": client, "changes": changes})
            self.judge("/simulate", tried, "simulate")
            self.wait()
        feature = random.choice(self.known.features)  # noqa: S311
        self.client.get(f"/v1/clients/{client}/position?feature={feature}", name="position")
        if said:
            self.client.get(f"/v1/decisions/{said['decision_id']}", name="decision")

    @task
    def description(self) -> None:
        self.client.get("/v1/model", name="model")


class Portfolio(Caller):
    """A program that has many clients judged at a time."""

    weight = 1
    wait_time = between(4, 8)

    @task
    def predict_many(self) -> None:
        requests = [self.by_id() if i % 5 else self.dossier() for i in range(MANY)]
        body = b'{"requests":[' + b",".join(requests) + b"]}"
        self.judge("/predict_many", body, f"predict_many, {MANY}")


class GrpcSystem(User):
    """A system that asks over gRPC, and was told nothing but the address."""

    weight = 3
    wait_time = constant_throughput(4)

    def on_start(self) -> None:
        said = self.environment.parsed_options
        self.known = known(self.host, said.dossiers)
        # A connection each, as systems have; gRPC would share one among all of this process.
        alone = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(said.grpc, alone)
        self.described = method(self.channel, "Predict")
        self.call = self.described.on(self.channel)

    def on_stop(self) -> None:
        self.channel.close()

    @task
    def predict(self) -> None:
        client = random.choice(self.known.clients)  # noqa: S311
        with self.environment.events.request.measure("gRPC", "Predict by id") as measured:
            answer = self.call(self.described.request(client_id=client), timeout=PATIENCE)
            measured["response_length"] = answer.ByteSize()
            if not 0 < answer.risk < 1:
                raise ValueError(f"no risk: {answer}")
