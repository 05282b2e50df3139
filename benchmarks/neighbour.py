"""How long others wait beside one who asks much, or asks strangely."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

BETWEEN = 0.02
"""Seconds from an answer to the next request."""


class Neighbour:
    """Another caller, who asks for one valid prediction after the other."""

    def __init__(self, http_port: int, request: object) -> None:
        self.waits: list[float] = []
        """Seconds."""
        self.refused: Counter[int] = Counter()
        """Answers that are none, by their status."""
        self._url = f"http://127.0.0.1:{http_port}/predict"
        self._request = request
        self._over = threading.Event()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While the block lasts."""
        thread = threading.Thread(target=self._ask)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._over.wait(BETWEEN):
                began = time.perf_counter()
                answer = client.post(self._url, json=self._request)
                self.waits.append(time.perf_counter() - began)
                if not answer.is_success:
                    self.refused[answer.status_code] += 1
