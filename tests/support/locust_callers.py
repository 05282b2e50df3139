"""Run locust's users in a process of their own: importing locust patches sockets.

python -m tests.support.locust_callers failures URL, or connections URL HOST:PORT DOSSIERS
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import psutil
from locust.env import Environment

from loadtests.users import ClientSystem, GrpcSystem


def count_failures(url: str) -> list[str]:
    """Return the failures that locust counts for answers that are not decisions."""
    environment = Environment(user_classes=[ClientSystem])
    ClientSystem.host = url
    environment.create_local_runner()
    user: Any = ClientSystem(environment)
    for path in ("/fails", "/rubbish", "/nothing", "/decides"):
        user.request_decision(path, b"{}", path)
    return [f"{error.name}: {error.error}" for error in environment.stats.errors.values()]


def count_connections(url: str, grpc: str, dossiers: str) -> int:
    """Return the number of connections that three users open to a gRPC port."""
    options: Any = SimpleNamespace(grpc=grpc, dossiers=dossiers)
    environment = Environment(user_classes=[GrpcSystem], parsed_options=options)
    GrpcSystem.host = url
    environment.create_local_runner()
    for _ in range(3):
        user: Any = GrpcSystem(environment)
        user.on_start()
        user.predict()
    port = int(grpc.rpartition(":")[2])
    return sum(
        bool(connection.raddr) and connection.raddr.port == port
        for connection in psutil.Process().net_connections("tcp")
    )


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    run: Any = {"failures": count_failures, "connections": count_connections}[command]
    sys.stdout.write(json.dumps(run(*arguments)))
