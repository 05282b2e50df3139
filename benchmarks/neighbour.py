"""Measure the latency of a well-behaved caller while others send heavy or malformed requests."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

PAUSE_SECONDS = 0.02
"""Seconds from a response to the next request."""


class BackgroundCaller:
    """Caller that sends valid predictions one after the other."""

    def __init__(self, http_port: int, request: object) -> None:
        self.latencies: list[float] = []
        """Latency of each call, in seconds."""
        self.failures: Counter[int] = Counter()
        """Number of failed calls by HTTP status."""
        self._url = f"http://127.0.0.1:{http_port}/predict"
        self._request = request
        self._stop = threading.Event()

    @contextmanager
    def keep_calling(self) -> Iterator[None]:
        """Send requests in a thread until the block ends."""
        thread = threading.Thread(target=self._call_repeatedly)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _call_repeatedly(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._stop.wait(PAUSE_SECONDS):
                start = time.perf_counter()
                response = client.post(self._url, json=self._request)
                self.latencies.append(time.perf_counter() - start)
                if not response.is_success:
                    self.failures[response.status_code] += 1
