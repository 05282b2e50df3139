"""A real service: a model trained on synthetic tables, served in a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from credit.scorer import Scorer
from loadtests.target import find_free_ports
from serving.core.scoring_service import ScoringService
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger
from stores.settings import Settings
from tests.serving.inside import Touchy, working
from training.cli.options import resolve_synthetic_folder

ROOT = Path(__file__).parents[2]
CLIENTS = 3_000
PATIENCE = 60.0


@dataclass(frozen=True)
class Home:
    """A home with a champion, a client store, and the tables they came from."""

    path: Path
    tables: Path

    def environment(self, **settings: object) -> dict[str, str]:
        named = {f"CREDIT_{name.upper()}": str(value) for name, value in settings.items()}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CREDIT_", "BENTOML_"))}
        return {**kept, "CREDIT_HOME": str(self.path), **named}

    def run(self, *arguments: str, **settings: object) -> str:
        """What `python -m ...` says; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            env=self.environment(**settings), cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@dataclass
class Service:
    """A running service."""

    url: str
    grpc: str
    process: subprocess.Popen[bytes]
    home: Home

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("home")
    made = Home(path, resolve_synthetic_folder(Settings(home=path), CLIENTS, 0))
    made.run("training", "--clients", str(CLIENTS))
    return made


@pytest.fixture
def home_of_its_own(home: Home, tmp_path: Path) -> Home:
    """A copy: BentoML lets two services of one home wipe each other's measurements."""
    path = tmp_path / "home"
    shutil.copytree(home.path, path, ignore=shutil.ignore_patterns("cache", "mlflow"))
    return Home(path, home.tables)


@pytest.fixture(scope="session")
def service(home: Home) -> Iterator[Service]:
    with serving(home) as running:
        yield running


@pytest.fixture
def api(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


@contextmanager
def serving(home: Home, *arguments: str, **settings: object) -> Iterator[Service]:
    """Serve a home on a free port until the block ends."""
    port, grpc_port = find_free_ports(2)
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", *arguments],
        env=home.environment(http_port=port, grpc_port=grpc_port, **settings), cwd=ROOT,
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    running = Service(f"http://127.0.0.1:{port}", f"127.0.0.1:{grpc_port}", process, home)
    try:
        wait_until_ready(running)
        yield running
    finally:
        with suppress(ProcessLookupError):  # a test may have stopped it
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def wait_until_ready(service: Service) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert service.process.poll() is None, "the service ended"
        try:
            if httpx.get(f"{service.url}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("the service is not ready")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(database: Path) -> Ledger:
    return Ledger(f"sqlite:///{database}")


@pytest.fixture
def touchy(scorer: Scorer) -> Any:
    return Touchy(scorer)


@pytest.fixture
def clients(tmp_path: Path) -> ClientStore:
    return ClientStore(tmp_path / "clients.sqlite")


@pytest.fixture
def scoring(touchy: Any, clients: ClientStore, ledger: Ledger) -> Iterator[ScoringService]:
    with working(touchy, clients, ledger) as made:
        yield made
