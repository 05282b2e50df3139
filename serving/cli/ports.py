"""The doors before they open: nobody else may have them, and who may come is said."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from rich.console import Console

from credit.errors import Fault, Faulty
from stores.settings import PREFIX, Settings


class DoorTaken(Faulty):
    """A port cannot be listened on."""

    code = "door-taken"
    subject = "environment"


def make_sure_doors_are_free(where: Settings) -> None:
    """Take every port for a moment, alone.

    The gRPC door itself is shared by the workers, and would share it with another service, too:
    each would answer some of the other's calls.

    Raises:
        DoorTaken: somebody listens on one, or it may not be listened on.
    """
    faults = []
    for name, port in (("HTTP_PORT", where.http_port), ("GRPC_PORT", where.grpc_port)):
        family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
        with socket.socket(family) as door:
            # Else a service that has just stopped keeps the next one out for a minute.
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind((where.host, port))
                door.listen()
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                expected = f"a port to listen on at {where.host} ({why})"
                faults.append(Fault(f"{PREFIX}{name}", port, expected))
    if where.http_port == where.grpc_port:
        faults.append(Fault(f"{PREFIX}GRPC_PORT", where.grpc_port, "another port than HTTP's"))
    if faults:
        raise DoorTaken(faults)


def say_who_may_come(where: Settings, console: Console) -> None:
    """Say what opens, and that nobody is asked who he is."""
    known = "to holders of a certificate" if where.grpc_tls_clients else "without login"
    lines = [
        f"HTTP on {where.address(where.http_port)}, without login or limit of calls.",
        f"gRPC on {where.address(where.grpc_port)}, {known} or limit of calls.",
    ]
    if not _is_loopback(where.host):
        lines.append(
            f"[yellow]{where.host} is not loopback: everybody who reaches these ports may ask. "
            "Put what knows your callers in front of them.[/]"
        )
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
