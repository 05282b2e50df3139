"""Run a callback as soon as a worker receives a stop signal."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def register_shutdown_callback(callback: Callable[[], None]) -> None:
    """Run a callback in the running loop on SIGTERM or SIGINT, before the server's handler.

    Outside the main thread, which receives no signals, this does nothing.
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
