"""Locust's users count answers that are not decisions as failures, and connect separately."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.services import ROOT, RunningService


class StrangeServer(BaseHTTPRequestHandler):
    """Sends answers that are not decisions, and one that is."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        status, content = {
            "/fails": (500, b"Internal Server Error"),
            "/rubbish": (200, b"<html>"),
            "/nothing": (200, b""),
        }.get(self.path, (200, b'{"risk": 0.5}'))
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def run_locust(*arguments: str) -> Any:
    """Return the result of a command of `tests.support.locust_callers`."""
    command = [sys.executable, "-m", "tests.support.locust_callers", *arguments]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def test_an_answer_that_is_not_json_is_a_failure_that_shows_it() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), StrangeServer) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            failures = sorted(run_locust("failures", f"http://127.0.0.1:{server.server_port}"))
        finally:
            server.shutdown()
    fails, nothing, rubbish = failures
    assert "500: Internal Server Error" in fails
    assert "no JSON" in nothing
    assert "<html>" in rubbish


def test_every_grpc_user_has_a_connection_of_its_own(
    service: RunningService, tmp_path: Path
) -> None:
    dossiers = tmp_path / "dossiers.jsonl"
    dossiers.write_text("{}")
    assert run_locust("connections", service.url, service.grpc, str(dossiers)) == 3
