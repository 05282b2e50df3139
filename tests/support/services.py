"""Real services for tests: a model trained on synthetic tables, served in its own process.

`tests/conftest.py` registers the fixtures. The home is prepared and the shared service is started
once per session, by the first test that needs them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from loadtests.target import find_free_ports
from stores.settings import Settings
from training.data.synthetic_source import resolve_synthetic_folder

ROOT = Path(__file__).parents[2]
N_CLIENTS = 3_000
PARAMETERS = {"learning_rate": 0.2, "bagged": 1}
"""A model of few trees: it is trained in seconds."""

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Home:
    """A home with a champion, a client store, and the tables they were made from."""

    path: Path
    tables: Path

    def environment(self, **settings: object) -> dict[str, str]:
        """Return this process's environment with only these `CREDIT_*` settings."""
        named = {f"CREDIT_{name.upper()}": str(value) for name, value in settings.items()}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CREDIT_", "BENTOML_"))
        }
        return {**inherited, "CREDIT_HOME": str(self.path), **named}

    def run(self, *arguments: str, **settings: object) -> str:
        """Run `python -m ...`, assert that it succeeds, and return what it prints."""
        completed = subprocess.run(
            [sys.executable, "-m", *arguments],
            env=self.environment(**settings), cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout


@dataclass
class RunningService:
    """A running service."""

    url: str
    grpc: str
    """Host and port of gRPC."""
    process: subprocess.Popen[bytes]
    home: Home

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Train once per session, or copy what an earlier run trained from the same sources.

    `HOMES_OF_TESTS` names the folder where runs leave homes for each other; without it, none do.
    """
    path = tmp_path_factory.mktemp("home")
    shared = os.environ.get("HOMES_OF_TESTS")
    trained = Path(shared) / digest_sources() if shared else None
    if trained and trained.is_dir():
        shutil.copytree(trained, path, dirs_exist_ok=True)
        return Home(path, _synthetic_tables(path))
    parameters = tmp_path_factory.mktemp("parameters") / "parameters.yaml"
    parameters.write_text(yaml.safe_dump({"parameters": PARAMETERS}))
    prepared = Home(path, _synthetic_tables(path))
    prepared.run("training", "--clients", str(N_CLIENTS), "--parameters", str(parameters))
    if trained:
        copy = trained.with_name(f"{trained.name}.{os.getpid()}")
        shutil.copytree(path, copy)
        try:
            copy.rename(trained)
        except OSError:  # another process was quicker
            shutil.rmtree(copy)
    return prepared


def _synthetic_tables(home: Path) -> Path:
    return resolve_synthetic_folder(Settings(home=home), N_CLIENTS, 0)


def digest_sources() -> str:
    """Digest all that a trained home depends on: the code that trains, and its libraries."""
    digest = hashlib.sha256(repr((N_CLIENTS, PARAMETERS)).encode())
    sources = [
        path for name in ("credit", "stores", "training") for path in (ROOT / name).rglob("*")
    ]
    for path in sorted([*sources, ROOT / "requirements" / "full.txt"]):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture
def private_home(home: Home, tmp_path: Path) -> Home:
    """Copy the home: two BentoML services of one home delete each other's metrics."""
    path = tmp_path / "home"
    shutil.copytree(home.path, path, ignore=shutil.ignore_patterns("cache", "mlflow"))
    return Home(path, home.tables)


@pytest.fixture(scope="session")
def service(home: Home) -> Iterator[RunningService]:
    with run_service(home) as running:
        yield running


@pytest.fixture
def api(service: RunningService) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


@contextmanager
def run_service(home: Home, *arguments: str, **settings: object) -> Iterator[RunningService]:
    """Serve a home on free ports until the block ends."""
    port, grpc_port = find_free_ports(2)
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", *arguments],
        env=home.environment(http_port=port, grpc_port=grpc_port, **settings), cwd=ROOT,
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    running = RunningService(f"http://127.0.0.1:{port}", f"127.0.0.1:{grpc_port}", process, home)
    try:
        wait_until_ready(running)
        yield running
    finally:
        with suppress(ProcessLookupError):  # a test may have stopped it
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=TIMEOUT_SECONDS)


def wait_until_ready(service: RunningService) -> None:
    """Wait until `/readyz` answers 200; fail the test after `TIMEOUT_SECONDS`."""

    def is_ready() -> bool:
        assert service.process.poll() is None, "the service ended"
        try:
            return httpx.get(f"{service.url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    wait_until(is_ready, "the service is not ready")


def wait_until(condition: Callable[[], object], message: str, interval: float = 0.1) -> None:
    """Poll a condition until it holds; fail the test with a message after `TIMEOUT_SECONDS`."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < end, message
        time.sleep(interval)
