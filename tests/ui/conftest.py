"""A page that runs, the API it asks, and a browser, when there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect, sync_playwright

from loadtests.target import find_free_ports
from tests.ui.fake_api import FakeApi

PATIENCE = 15_000
"""Milliseconds, on cores that others use too."""

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def running_api() -> Iterator[FakeApi]:
    fake = FakeApi()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def api(running_api: FakeApi) -> Iterator[FakeApi]:
    """The API, as if nobody had asked it anything yet."""
    running_api.asked.clear()
    yield running_api
    running_api.instead.clear()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page may write."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def site(running_api: FakeApi, home: Path) -> Iterator[str]:
    """The address of a page that asks the API: the command that people start."""
    with started(running_api, home) as (_, address):
        yield address


@contextmanager
def started(
    fake: FakeApi, home: Path, module: str = "ui"
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The page's process, or that of another module, and its address."""
    [port] = find_free_ports(1)
    where = {
        "CREDIT_HOME": str(home),
        "CREDIT_UI_PORT": str(port),
        "CREDIT_API_URL": fake.url,
        "HOME": str(home / "user"),
        "TMPDIR": str(home / "temporary"),
    }
    (home / "temporary").mkdir(exist_ok=True)
    with subprocess.Popen([sys.executable, "-m", module], env=os.environ | where) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/healthz")
            yield process, address
        finally:
            process.terminate()


def _wait_for(address: str) -> None:
    for _ in range(600):
        with suppress(httpx.TransportError):
            httpx.get(address, timeout=60)
            return
        sleep(0.1)
    raise TimeoutError(address)


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserContext]:
    """A German browser, which the page is not to follow."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no Chromium: none of {', '.join(CHROMIUM)} is installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=Path(found), args=QUIETLY)
        context = chromium.new_context(locale="de-DE", viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield context
        chromium.close()


@pytest.fixture
def page(browser: BrowserContext, site: str, api: FakeApi) -> Iterator[Page]:  # noqa: ARG001 -- the page asks it
    """A tab; no request may leave it, and no script may fail."""
    tab = browser.new_page()
    left: list[str] = []
    wrong: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith((f"{site}/", "data:", "blob:")):
            left.append(request.url)

    tab.on("request", watch)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    yield tab
    tab.close()
    assert left == []
    assert wrong == []
