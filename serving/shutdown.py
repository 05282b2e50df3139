"""What is to be done as soon as a worker is told to stop."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def register_shutdown_callback(callback: Callable[[], None]) -> None:
    """Have the running loop act when this process is told to stop, before its server does.

    Nothing is done where signals go to somebody else.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        server_handler = signal.getsignal(signum)
        if not callable(server_handler):
            continue

        def handle(
            signum: int,
            frame: FrameType | None,
            server_handler: Callable[..., object] = server_handler,
        ) -> None:
            loop.call_soon_threadsafe(callback)
            server_handler(signum, frame)

        signal.signal(signum, handle)
