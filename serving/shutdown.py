"""What is to be done as soon as a worker is told to stop."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def at_signal(act: Callable[[], None]) -> None:
    """Have the running loop act when this process is told to stop, before its server does.

    Nothing is done where signals go to somebody else.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        servers = signal.getsignal(number)
        if not callable(servers):
            continue

        def handle(
            number: int, frame: FrameType | None, servers: Callable[..., object] = servers
        ) -> None:
            loop.call_soon_threadsafe(act)
            servers(number, frame)

        signal.signal(number, handle)
