"""A worker that is told to stop: both doors close at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from serving.shutdown import register_shutdown_callback


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What the server did, in whose place the loop acts before."""
    kept: list[str] = []

    def server(_: int, __: FrameType | None) -> None:
        kept.append("server")

    before = signal.signal(signal.SIGTERM, server)
    interrupt = signal.getsignal(signal.SIGINT)
    yield kept
    signal.signal(signal.SIGTERM, before)
    signal.signal(signal.SIGINT, interrupt)


def test_a_signal_is_acted_on_at_once_and_the_server_hears_it_too(heard: list[str]) -> None:
    async def told_to_stop() -> None:
        register_shutdown_callback(lambda: heard.append("loop"))
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0.01)

    asyncio.run(told_to_stop())
    assert sorted(heard) == ["loop", "server"]
