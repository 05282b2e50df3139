"""On a stop signal, the callback and the server's own handler both run."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from serving.shutdown import register_shutdown_callback


@pytest.fixture
def events() -> Iterator[list[str]]:
    """Install a server's signal handler; return the list in which it notes that it ran."""
    noted: list[str] = []

    def handle_as_server(_: int, __: FrameType | None) -> None:
        noted.append("server")

    terminate_handler = signal.signal(signal.SIGTERM, handle_as_server)
    interrupt_handler = signal.getsignal(signal.SIGINT)
    yield noted
    signal.signal(signal.SIGTERM, terminate_handler)
    signal.signal(signal.SIGINT, interrupt_handler)


def test_a_signal_runs_the_callback_and_the_server_s_handler(events: list[str]) -> None:
    async def raise_signal() -> None:
        register_shutdown_callback(lambda: events.append("loop"))
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0.01)

    asyncio.run(raise_signal())
    assert sorted(events) == ["loop", "server"]
