"""Locust users of a typical day: advisers at their page, client systems, a nightly portfolio.

Every decision is checked: a call fails if its response has no risk between 0 and 1.
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

from loadtests.reflected import reflect_method

grpc_gevent.init_gevent()

REQUESTS_PER_CALL = 50
"""Requests in one call of `/predict_many`."""

TOP_FEATURE_COUNT = 20
"""Number of features that advisers look up, the most important first."""

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class CallerData:
    """Ids, features and dossiers that callers send."""

    clients: list[int]
    features: list[str]
    dossiers: list[bytes]


@cache
def load_caller_data(host: str, dossiers: str) -> CallerData:
    """Fetch the clients and features from the service, and read the dossiers from a file."""

    def fetch_json(path: str) -> Any:
        with urlopen(host + path, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 -- the host under test
            return orjson.loads(response.read())

    feature_metadata = fetch_json("/v1/model")["features"]
    return CallerData(
        clients=fetch_json("/v1/clients?limit=1000")["clients"],
        features=[feature["name"] for feature in feature_metadata[:TOP_FEATURE_COUNT]],
        dossiers=Path(dossiers).read_bytes().splitlines(),
    )


class Caller(FastHttpUser):
    """Base of users that call over HTTP."""

    abstract = True
    network_timeout = connection_timeout = TIMEOUT_SECONDS

    def on_start(self) -> None:
        self.caller_data = load_caller_data(self.host, self.environment.parsed_options.dossiers)

    def choose_client_id(self) -> int:
        return random.choice(self.caller_data.clients)  # noqa: S311 -- no secret, as below

    def make_id_body(self) -> bytes:
        return orjson.dumps({"client_id": self.choose_client_id()})

    def make_dossier_body(self) -> bytes:
        return b'{"dossier":' + random.choice(self.caller_data.dossiers) + b"}"  # noqa: S311

    def request_decision(self, path: str, body: bytes, name: str) -> Any:
        """Request a decision; mark the call as failed if the response has no valid risk.

        Returns:
            The parsed response, or None if the call failed.
        """
        payload: Any = body  # locust's annotation forgets bytes
        with self.client.post(path, data=payload, name=name, catch_response=True) as response:
            if response.status_code != HTTPStatus.OK:
                response.failure(f"{response.status_code}: {response.text[:200]}")
                return None
            try:
                result = orjson.loads(response.content or b"")
            except orjson.JSONDecodeError as error:
                response.failure(f"no JSON ({error}): {response.text[:200]}")
                return None
            for decision in result if isinstance(result, list) else [result]:
                if not 0 <= decision.get("risk", -1) <= 1:
                    response.failure(f"no risk: {str(decision)[:200]}")
                    return None
            return result


class ClientSystem(Caller):
    """A system that requests decisions on stored clients and on complete dossiers."""

    weight = 6
    wait_time = constant_throughput(4)

    @task(12)
    def predict(self) -> None:
        self.request_decision("/predict", self.make_id_body(), "predict by id")

    @task(8)
    def predict_dossier(self) -> None:
        self.request_decision("/predict", self.make_dossier_body(), "predict a dossier")

    @task(3)
    def explain(self) -> None:
        self.request_decision("/explain", self.make_id_body(), "explain by id")

    @task(1)
    def explain_dossier(self) -> None:
        self.request_decision("/explain", self.make_dossier_body(), "explain a dossier")


class Adviser(Caller):
    """An adviser in a meeting: find the client, explain, simulate other amounts, compare."""

    weight = 6
    wait_time = between(1, 3)

    @task
    def advise_client(self) -> None:
        client_id = self.choose_client_id()
        self.client.get(f"/v1/clients?prefix={str(client_id)[:4]}&limit=20", name="clients")
        self.client.get(f"/v1/clients/{client_id}", name="profile")
        explanation = self.request_decision(
            "/explain", orjson.dumps({"client_id": client_id}), "explain by id"
        )
        self.wait()
        for _ in range(2):
            changes = {"AMT_CREDIT": random.randrange(50_000, 1_000_000, 10_000)}  # noqa: S311
            simulation_body = orjson.dumps({"client_id": client_id, "changes": changes})
            self.request_decision("/simulate", simulation_body, "simulate")
            self.wait()
        feature = random.choice(self.caller_data.features)  # noqa: S311
        self.client.get(f"/v1/clients/{client_id}/position?feature={feature}", name="position")
        if explanation:
            self.client.get(f"/v1/decisions/{explanation['decision_id']}", name="decision")

    @task
    def read_model_description(self) -> None:
        self.client.get("/v1/model", name="model")


class Portfolio(Caller):
    """A program that requests many decisions per call."""

    weight = 1
    wait_time = between(4, 8)

    @task
    def predict_many(self) -> None:
        requests = [
            self.make_id_body() if i % 5 else self.make_dossier_body()
            for i in range(REQUESTS_PER_CALL)
        ]
        body = b'{"requests":[' + b",".join(requests) + b"]}"
        self.request_decision("/predict_many", body, f"predict_many, {REQUESTS_PER_CALL}")


class GrpcSystem(User):
    """A system that calls over gRPC and knows only the address."""

    weight = 3
    wait_time = constant_throughput(4)

    def on_start(self) -> None:
        parsed_options = self.environment.parsed_options
        self.caller_data = load_caller_data(self.host, parsed_options.dossiers)
        # One connection per user, as separate systems have; gRPC would share one per process.
        channel_options = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(parsed_options.grpc, channel_options)
        self.predict_method = reflect_method(self.channel, "Predict")
        self.call_predict = self.predict_method.bind(self.channel)

    def on_stop(self) -> None:
        self.channel.close()

    @task
    def predict(self) -> None:
        client_id = random.choice(self.caller_data.clients)  # noqa: S311
        with self.environment.events.request.measure("gRPC", "Predict by id") as request_meta:
            response = self.call_predict(
                self.predict_method.make_request(client_id=client_id), timeout=TIMEOUT_SECONDS
            )
            request_meta["response_length"] = response.ByteSize()
            if not 0 < response.risk < 1:
                raise ValueError(f"no risk: {response}")
