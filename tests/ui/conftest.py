"""The page as a process, the fake API that it calls, and a browser if one is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from loadtests.target import find_free_ports
from tests.support.chromium import open_chromium
from tests.support.page.fake_api import FakeApi

BROWSER_TIMEOUT_MS = 15_000
"""Generous, as other processes share the cores."""


@pytest.fixture(scope="session")
def running_api() -> Iterator[FakeApi]:
    fake_api = FakeApi()
    fake_api.start()
    yield fake_api
    fake_api.stop()


@pytest.fixture
def api(running_api: FakeApi) -> Iterator[FakeApi]:
    """The API without recorded requests."""
    running_api.requests.clear()
    yield running_api
    running_api.overrides.clear()


@pytest.fixture(scope="session")
def page_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only folder that the page may write to."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def site(running_api: FakeApi, page_home: Path) -> Iterator[str]:
    """The address of a page that calls the API, started by its command."""
    with start_page(running_api, page_home) as (_, address):
        yield address


@contextmanager
def start_page(
    fake_api: FakeApi, page_home: Path, module: str = "ui"
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start the page, or another module in its place; yield the process and its address."""
    [port] = find_free_ports(1)
    environment = {
        "CREDIT_HOME": str(page_home),
        "CREDIT_UI_PORT": str(port),
        "CREDIT_API_URL": fake_api.url,
        "HOME": str(page_home / "user"),
        "TMPDIR": str(page_home / "temporary"),
    }
    (page_home / "temporary").mkdir(exist_ok=True)
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, env=os.environ | environment) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_up(f"{address}/healthz")
            yield process, address
        finally:
            process.terminate()


def _wait_until_up(address: str) -> None:
    for _ in range(600):
        with suppress(httpx.TransportError):
            httpx.get(address, timeout=60)
            return
        sleep(0.1)
    raise TimeoutError(address)


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """A German browser; the page must ignore its language.

    It closes after its module: while it is open, an event loop runs in the main thread, and
    `asyncio.run` fails in other tests.
    """
    with open_chromium() as chromium:
        context = chromium.new_context(locale="de-DE", viewport={"width": 1280, "height": 900})
        context.set_default_timeout(BROWSER_TIMEOUT_MS)
        expect.set_options(timeout=BROWSER_TIMEOUT_MS)
        yield context


@pytest.fixture
def page(browser: BrowserContext, site: str, api: FakeApi) -> Iterator[Page]:  # noqa: ARG001 -- the page calls it
    """A tab; no request may go to another site, and no script may fail."""
    tab = browser.new_page()
    foreign_requests: list[str] = []
    script_errors: list[str] = []

    def record_foreign_request(request: Request) -> None:
        if not request.url.startswith((f"{site}/", "data:", "blob:")):
            foreign_requests.append(request.url)

    tab.on("request", record_foreign_request)
    tab.on("pageerror", lambda error: script_errors.append(str(error)))
    yield tab
    tab.close()
    assert foreign_requests == []
    assert script_errors == []
