"""Check that the HTTP and gRPC ports are free, and print who can reach them."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from rich.console import Console

from credit.errors import Fault, InvalidInput
from stores.settings import ENV_PREFIX, Settings


class PortUnavailable(InvalidInput):
    """The service cannot listen on a port."""

    code = "door-taken"
    subject = "environment"


def check_ports_free(settings: Settings) -> None:
    """Listen on every port for a moment without sharing it.

    The workers share the gRPC port, and would share it with another service as well: each would
    then answer some of the other's calls.

    Raises:
        PortUnavailable: A port is taken, or listening on it is not allowed.
    """
    faults = []
    for name, port in (("HTTP_PORT", settings.http_port), ("GRPC_PORT", settings.grpc_port)):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family) as listener:
            # Otherwise the port stays blocked for a minute after a service has stopped.
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
    """Print the addresses, and that the service does not authenticate callers."""
    grpc_access = "for client certificates only" if settings.grpc_tls_clients else "without login"
    lines = [
        f"HTTP on {settings.format_address(settings.http_port)}, without login, no rate limit.",
        f"gRPC on {settings.format_address(settings.grpc_port)}, {grpc_access}, no rate limit.",
    ]
    if not _is_loopback(settings.host):
        lines.append(
            f"[yellow]{settings.host} is not loopback: anyone who can reach these ports can call "
            "them. Put a proxy that authenticates your callers in front of them.[/]"
        )
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
