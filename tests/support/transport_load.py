"""Concurrent load on both transports of a running service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
import httpx

from tests.support.example_dossiers import make_applicant
from tests.support.grpc_client import ReflectionClient
from tests.support.services import TIMEOUT_SECONDS, RunningService

N_CALLERS = 4
"""Concurrent callers of each transport."""

N_REQUESTS_PER_CALL = 5
"""Requests of a call with many."""

ReadAnswer = Callable[[], Any]
"""Decodes the answer of one decision."""

Answers = Iterator[tuple[str, ReadAnswer]]
"""The transport of each answer, and its decoder."""


class Load:
    """Callers of both transports that send one request after another until `stop`."""

    def __init__(self, service: RunningService) -> None:
        self.answers: list[tuple[float, str, ReadAnswer]] = []
        """Time, transport and decoder of each answer. Protobuf crashes if threads decode."""
        self.failures: list[tuple[float, Exception]] = []
        """Time of each failed request, and its error."""
        self._service = service
        self._grpc_client = ReflectionClient(service.grpc)
        self._request = {"dossier": make_applicant()}
        self._requests = {"requests": [self._request] * N_REQUESTS_PER_CALL}
        messages: dict[str, Any] = {
            "Predict": self._request,
            "Explain": self._request,
            "PredictMany": self._requests,
        }
        self._bodies = {
            method: self._grpc_client.serialize(method, message)
            for method, message in messages.items()
        }
        self._stopped = threading.Event()
        self._thread_local = threading.local()
        transports = (self._call_http, self._call_grpc) * N_CALLERS
        self._threads = [
            threading.Thread(target=self._repeat, args=(transport,)) for transport in transports
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(TIMEOUT_SECONDS)
        self._grpc_client.channel.close()

    def decision_ids(self) -> list[str]:
        """Return the ids of all answered decisions, after `stop`."""
        answers = [read_answer() for _, _, read_answer in self.answers]
        return [answer.get("decision", answer)["decision_id"] for answer in answers]

    def count_since(self, moment: float, transport: str) -> int:
        return sum(at > moment and name == transport for at, name, _ in self.answers)

    def has_answers_since(self, moment: float) -> bool:
        return all(self.count_since(moment, transport) for transport in ("http", "grpc"))

    def _note_sent(self) -> None:
        self._thread_local.sent_at = time.monotonic()

    def _repeat(self, transport: Callable[[], Answers]) -> None:
        while not self._stopped.is_set():
            try:
                for name, read_answer in transport():
                    self.answers.append((time.monotonic(), name, read_answer))
            except (httpx.HTTPError, grpc.RpcError) as error:
                self.failures.append((self._thread_local.sent_at, error))
                time.sleep(0.05)

    def _call_http(self) -> Answers:
        with self._service.client() as api:
            for path in ("/predict", "/explain") * 10:  # then a new connection, to any worker
                self._note_sent()
                answer = api.post(path, json=self._request).raise_for_status()
                yield "http", partial(dict, decision_id=answer.json()["decision_id"])
            self._note_sent()
            answer = api.post("/predict_many", json=self._requests).raise_for_status()
            for decision in answer.json():
                yield "http", partial(dict, decision_id=decision["decision_id"])

    def _call_grpc(self) -> Answers:
        with self._grpc_client.open_another() as client:
            for method in ("Predict", "Explain") * 10:
                self._note_sent()
                [part] = client.call_raw(method, self._bodies[method])
                yield "grpc", partial(client.decode, method, part)
            self._note_sent()
            for part in client.call_raw("PredictMany", self._bodies["PredictMany"]):
                yield "grpc", partial(client.decode, "PredictMany", part)
