"""The Dockerfiles and the image builder; deploy/smoke-test tests a built image."""

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
    """Serve on a free port; yield the port and the list of requested paths."""
    paths: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, paths
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("file", "setting", "path"),
    [
        ("Dockerfile", "CREDIT_HTTP_PORT", "/readyz"),
        ("page.Dockerfile", "CREDIT_UI_PORT", "/healthz"),
    ],
)
def test_the_health_check_uses_the_configured_port(
    file: str, setting: str, path: str, listener: tuple[int, list[str]]
) -> None:
    port, paths = listener
    match = re.search(r"^HEALTHCHECK .*\\\n +CMD (.+)$", (DEPLOY / file).read_text(), re.MULTILINE)
    assert match
    environment = {"PATH": str(Path(sys.executable).parent), setting: str(port)}
    completed = subprocess.run(
        ["/bin/sh", "-c", match[1]], env=environment, check=False, timeout=30
    )
    assert (completed.returncode, paths) == (0, [path])


def test_both_images_use_the_base_image_of_the_builder() -> None:
    for file in ("Dockerfile", "page.Dockerfile"):
        assert f"ARG BASE={image.HUB_IMAGE}" in (DEPLOY / file).read_text().splitlines()


def test_a_missing_image_builder_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    progress = ProgressReporter(Console(file=StringIO()))
    with pytest.raises(NoImageBuilder, match="docker with its daemon, or buildah"):
        make_image(
            Settings(home=tmp_path), "credit_scoring:latest", "credit-scoring:dev", progress
        )
