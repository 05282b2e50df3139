"""What locust's callers make of strange answers; locust patches the sockets of whoever imports it.

python -m tests.serving.callers judge URL, or grpc URL HOST:PORT DOSSIERS
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import psutil
from locust.env import Environment

from loadtests.users import ClientSystem, GrpcSystem


def judge(url: str) -> list[str]:
    """The failures counted of answers that are no decisions."""
    environment = Environment(user_classes=[ClientSystem])
    ClientSystem.host = url
    environment.create_local_runner()
    caller: Any = ClientSystem(environment)
    for path in ("/fails", "/rubbish", "/nothing", "/decides"):
        caller.judge(path, b"{}", path)
    return [f"{one.name}: {one.error}" for one in environment.stats.errors.values()]


def connections(url: str, grpc: str, dossiers: str) -> int:
    """The connections that three callers open to a gRPC door."""
    said: Any = SimpleNamespace(grpc=grpc, dossiers=dossiers)
    environment = Environment(user_classes=[GrpcSystem], parsed_options=said)
    GrpcSystem.host = url
    environment.create_local_runner()
    for _ in range(3):
        caller: Any = GrpcSystem(environment)
        caller.on_start()
        caller.predict()
    port = int(grpc.rpartition(":")[2])
    return sum(
        bool(one.raddr) and one.raddr.port == port
        for one in psutil.Process().net_connections("tcp")
    )


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    called: Any = judge if what == "judge" else connections
    sys.stdout.write(json.dumps(called(*rest)))
