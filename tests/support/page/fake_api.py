"""A small real HTTP server that responds like the scoring API, for invented clients."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.page import api_responses

CLIENTS = range(100_001, 150_001)
"""More clients than the page may ever send to a browser."""


@dataclass
class ReceivedRequest:
    """A request that reached the server."""

    method: str
    path: str
    key: str | None = None
    """Idempotency key."""


class Server(ThreadingHTTPServer):
    """A server that can cut its connections, as a killed one does."""

    daemon_threads = False  # closing waits for them

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._connections: list[socket] = []

    def get_request(self) -> tuple[socket, Any]:
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def cut_connections(self) -> None:
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)


@dataclass
class FakeApi:
    """Starts, stops and restarts on one port, and records the requests."""

    port: int = 0
    requests: list[ReceivedRequest] = field(default_factory=list)
    overrides: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Status and body to send instead, by prefix of the path."""
    _server: Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def decision_keys(self) -> list[str | None]:
        """Return the idempotency keys of the requested decisions."""
        return [request.key for request in self.requests if request.path == "/explain"]

    def start(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.respond("GET", None)

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                self.respond("POST", json.loads(self.rfile.read(length)))

            def respond(self, method: str, body: Any) -> None:
                path, key = urlsplit(self.path).path, self.headers["idempotency-key"]
                api.requests.append(ReceivedRequest(method, path, key))
                status, content = api.make_response(self.path, body)
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Write no log."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop, and cut the connections that clients keep open."""
        if self._server:
            self._server.shutdown()
            self._server.cut_connections()
            self._server.server_close()
            self._server = None

    def make_response(self, address: str, body: Any) -> tuple[int, bytes]:
        url = urlsplit(address)
        for prefix, response in self.overrides.items():
            if url.path.startswith(prefix):
                return response
        status, content = _make_default_response(url.path, parse_qs(url.query), body)
        return status, json.dumps(content).encode()


def _make_default_response(path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    if path == "/v1/model":
        return 200, api_responses.make_model()
    if path == "/v1/clients":
        prefix, limit = query.get("prefix", [""])[0], int(query["limit"][0])
        matches = [client for client in CLIENTS if str(client).startswith(prefix)]
        return 200, {"clients": matches[:limit], "total": len(matches)}
    client = body["client_id"] if path == "/explain" else int(path.split("/")[3])
    if client not in api_responses.LOG_ODDS:
        return 404, make_error("unknown-client", f"no client {client} is kept here")
    if path == "/explain":
        return 200, api_responses.make_explanation(client)
    if path.endswith("/position"):
        similar = query["similar"] == ["true"]
        return 200, api_responses.make_position(query["feature"][0], similar=similar)
    return 200, api_responses.make_profile(client)


def make_error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "faults": []}}


def make_failure(status: int, code: str) -> tuple[int, bytes]:
    """Return an error response for `overrides`."""
    return status, json.dumps(make_error(code, "in a test")).encode()
