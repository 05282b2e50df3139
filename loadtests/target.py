"""The service under test: one that is already running, or one started for the run."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from credit.errors import CreditError
from stores.settings import Settings

READY_TIMEOUT_SECONDS = 90.0
"""Time limit for a service to become ready."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Addresses of the service under test."""

    host: str
    """URL of the HTTP API."""
    grpc: str
    """host:port of the gRPC API; empty if the port is closed."""
    pid: int | None = None
    """Process id of a service that was started for the run."""


class GrpcPortClosed(CreditError):
    """A service that was started for a run does not listen on its gRPC port."""

    code = "no-grpc-door"

    def __init__(self, port: int) -> None:
        super().__init__(f"the service is ready, but its gRPC port {port} is closed")


@contextmanager
def start_service(settings: Settings, bento: str) -> Iterator[Target]:
    """Start a service on free ports, with a temporary ledger; stop it when the block ends.

    It counts as ready when one worker is; other workers may follow later.

    Raises:
        subprocess.CalledProcessError: The service ended, or was not ready in time.
        GrpcPortClosed: The service is ready, but its gRPC port is closed.
    """
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        http, grpc = find_free_ports(2)
        environment = build_service_environment(settings, Path(folder)) | {
            "CREDIT_HTTP_PORT": str(http),
            "CREDIT_GRPC_PORT": str(grpc),
        }
        command = [sys.executable, "-m", "serving", bento]
        service = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            _wait_until_ready(service, f"http://127.0.0.1:{http}")
            target = connect_target(f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}")
            if not target.grpc:
                raise GrpcPortClosed(grpc)
            yield replace(target, pid=service.pid)
        finally:
            service.terminate()
            service.wait(timeout=60)


def build_service_environment(settings: Settings, folder: Path) -> dict[str, str]:
    """Build the environment of a service that uses this home's model and clients only.

    Its ledger and metrics are in `folder`, so a service that runs on the home is not affected.
    """
    (folder / "bentoml").mkdir()
    for shared_name in (
        "bentoml/models",
        "bentoml/bentos",
        settings.serving_path.name,
        settings.clients_path.name,
    ):
        if (settings.home / shared_name).exists():
            (folder / shared_name).symlink_to((settings.home / shared_name).absolute())
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("CREDIT_")
    }
    overrides = {
        "CREDIT_WORKERS": str(settings.workers),
        "CREDIT_PATIENCE": str(settings.patience),
    }
    overrides |= {"CREDIT_MODEL": settings.model} if settings.model else {}
    return inherited | overrides | {"CREDIT_HOME": str(folder), "CREDIT_HOST": "127.0.0.1"}


def connect_target(host: str, grpc: str) -> Target:
    """Return the target of a running service; `grpc` is empty if its port is closed."""
    hostname, _, port = grpc.rpartition(":")
    try:
        if grpc:
            socket.create_connection((hostname, int(port)), timeout=2).close()
    except OSError:
        grpc = ""
    return Target(host=host, grpc=grpc)


def _is_ready(host: str) -> bool:
    try:
        with urllib.request.urlopen(f"{host}/readyz", timeout=5):  # noqa: S310 -- the given host
            return True
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def _wait_until_ready(service: subprocess.Popen[bytes], host: str) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while service.poll() is None and time.monotonic() < deadline:
        if _is_ready(host):
            return
        time.sleep(0.2)
    raise subprocess.CalledProcessError(service.returncode or 1, service.args)


def find_free_ports(count: int) -> list[int]:
    """Return free ports, all different.

    They are outside Linux's default range of ephemeral ports. Otherwise the system could assign
    one to another connection before the caller listens on it.
    """
    ports: list[int] = []
    for port in random.sample(range(20_000, 32_768), 1_000):  # so parallel searches differ
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            break
    return ports
