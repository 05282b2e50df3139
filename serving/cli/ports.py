"""The doors before they open: nobody else may have them, and who may come is said."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from rich.console import Console

from credit.errors import Fault, InvalidInput
from stores.settings import ENV_PREFIX, Settings


class PortUnavailable(InvalidInput):
    """A port cannot be listened on."""

    code = "door-taken"
    subject = "environment"


def check_ports_free(settings: Settings) -> None:
    """Take every port for a moment, alone.

    The gRPC door itself is shared by the workers, and would share it with another service, too:
    each would answer some of the other's calls.

    Raises:
        DoorTaken: somebody listens on one, or it may not be listened on.
    """
    faults = []
    for name, port in (("HTTP_PORT", settings.http_port), ("GRPC_PORT", settings.grpc_port)):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family) as listener:
            # Else a service that has just stopped keeps the next one out for a minute.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((settings.host, port))
                listener.listen()
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                expected = f"a port to listen on at {settings.host} ({reason})"
                faults.append(Fault(f"{ENV_PREFIX}{name}", port, expected))
    if settings.http_port == settings.grpc_port:
        faults.append(
            Fault(f"{ENV_PREFIX}GRPC_PORT", settings.grpc_port, "another port than HTTP's")
        )
    if faults:
        raise PortUnavailable(faults)


def print_access_notice(settings: Settings, console: Console) -> None:
    """Say what opens, and that nobody is asked who he is."""
    grpc_access = "to holders of a certificate" if settings.grpc_tls_clients else "without login"
    lines = [
        f"HTTP on {settings.format_address(settings.http_port)}, without login or limit of calls.",
        f"gRPC on {settings.format_address(settings.grpc_port)}, {grpc_access} or limit of calls.",
    ]
    if not _is_loopback(settings.host):
        lines.append(
            f"[yellow]{settings.host} is not loopback: everybody who reaches these ports may ask. "
            "Put what knows your callers in front of them.[/]"
        )
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
