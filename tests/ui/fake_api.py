"""A small real HTTP server that answers as the scoring API does, to made-up clients."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.ui import made

CLIENTS = range(100_001, 150_001)
"""More than a browser should ever be sent."""


@dataclass
class Asked:
    """One request, as it came."""

    method: str
    path: str
    key: str | None = None


class Server(ThreadingHTTPServer):
    """A server that can hang up, as one that is killed does."""

    daemon_threads = False  # closing waits for them

    def __init__(self, *where: Any) -> None:
        super().__init__(*where)
        self._lines: list[socket] = []

    def get_request(self) -> tuple[socket, Any]:
        line, caller = super().get_request()
        self._lines.append(line)
        return line, caller

    def hang_up(self) -> None:
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(SHUT_RDWR)


@dataclass
class FakeApi:
    """Starts, stops and starts again on one port; remembers what it was asked."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    instead: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """By the beginning of a path: what is answered instead."""
    _server: Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def decided(self) -> list[str | None]:
        """The keys of the decisions asked for."""
        return [one.key for one in self.asked if one.path == "/explain"]

    def start(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.told("GET", None)

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                self.told("POST", json.loads(self.rfile.read(length)))

            def told(self, method: str, body: Any) -> None:
                api.asked.append(
                    Asked(method, urlsplit(self.path).path, self.headers["idempotency-key"])
                )
                status, content = api.answer(self.path, body)
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Go away, and hang up on whoever keeps a connection."""
        if self._server:
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()
            self._server = None

    def answer(self, address: str, body: Any) -> tuple[int, bytes]:
        parts = urlsplit(address)
        for beginning, told in self.instead.items():
            if parts.path.startswith(beginning):
                return told
        status, content = self._answer(parts.path, parse_qs(parts.query), body)
        return status, json.dumps(content).encode()

    def _answer(self, path: str, asked: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        if path == "/v1/model":
            return 200, made.model()
        if path == "/v1/clients":
            prefix, limit = asked.get("prefix", [""])[0], int(asked["limit"][0])
            found = [client for client in CLIENTS if str(client).startswith(prefix)]
            return 200, {"clients": found[:limit], "total": len(found)}
        client = body["client_id"] if path == "/explain" else int(path.split("/")[3])
        if client not in made.LOG_ODDS:
            return 404, problem("unknown-client", f"no client {client} is kept here")
        if path == "/explain":
            return 200, made.explanation(client)
        if path.endswith("/position"):
            return 200, made.position(asked["feature"][0], similar=asked["similar"] == ["true"])
        return 200, made.profile(client)


def problem(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "faults": []}}


def failure(status: int, code: str) -> tuple[int, bytes]:
    """An answer for `instead`."""
    return status, json.dumps(problem(code, "in a test")).encode()
