"""The images as their files describe them; deploy/smoke-test asks a built one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from rich.console import Console

from serving.packaging import image
from serving.packaging.image import NoImageBuilder, make_image
from stores.progress import ProgressReporter
from stores.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A port, and the paths that were asked there."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("file", "setting", "path"),
    [
        ("Dockerfile", "CREDIT_HTTP_PORT", "/readyz"),
        ("page.Dockerfile", "CREDIT_UI_PORT", "/healthz"),
    ],
)
def test_the_health_check_asks_at_the_port_that_is_set(
    file: str, setting: str, path: str, listener: tuple[int, list[str]]
) -> None:
    port, asked = listener
    found = re.search(r"^HEALTHCHECK .*\\\n +CMD (.+)$", (DEPLOY / file).read_text(), re.MULTILINE)
    assert found
    where = {"PATH": str(Path(sys.executable).parent), setting: str(port)}
    done = subprocess.run(["/bin/sh", "-c", found[1]], env=where, check=False, timeout=30)
    assert (done.returncode, asked) == (0, [path])


def test_both_images_stand_on_the_base_that_is_looked_for() -> None:
    for file in ("Dockerfile", "page.Dockerfile"):
        assert f"ARG BASE={image.HUB_IMAGE}" in (DEPLOY / file).read_text().splitlines()


def test_where_nothing_builds_images_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    steps = ProgressReporter(Console(file=StringIO()))
    with pytest.raises(NoImageBuilder, match="docker with its daemon, or buildah"):
        make_image(Settings(home=tmp_path), "credit_scoring:latest", "credit-scoring:dev", steps)
