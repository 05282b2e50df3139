from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from tests.ui.conftest import started
from tests.ui.fake_api import FakeApi
from ui.__main__ import command
from ui.settings import Settings


def test_the_first_page_is_french_and_keeps_the_client(site: str) -> None:
    told = httpx.get(f"{site}/?client=100001", timeout=60)
    assert told.status_code == 307
    assert told.headers["location"] == "/fr/?client=100001"


def test_the_page_says_that_it_is_up(site: str) -> None:
    assert httpx.get(f"{site}/healthz", timeout=60).status_code == 200


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_says_its_language_before_any_script_runs(site: str, language: str) -> None:
    assert f'lang="{language}"' in httpx.get(f"{site}/{language}/", timeout=60).text[:200]


def test_the_browser_is_told_to_ask_nobody_else(site: str) -> None:
    headers = httpx.get(f"{site}/fr/", timeout=60).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"


def test_nothing_on_the_page_is_offered_to_programs(site: str) -> None:
    assert httpx.get(f"{site}/fr/gradio_api/info", timeout=60).json()["named_endpoints"] == {}


def test_no_file_can_be_left_on_the_server(site: str) -> None:
    sent = httpx.post(
        f"{site}/fr/gradio_api/upload", files={"files": ("a.txt", b"two")}, timeout=60
    )
    assert sent.status_code == 413


def test_the_page_holds_no_client_before_one_is_asked_for(site: str) -> None:
    assert "100001" not in httpx.get(f"{site}/fr/", timeout=60).text


def test_an_open_tab_does_not_keep_the_page_from_stopping(api: FakeApi, home: Path) -> None:
    with (
        started(api, home, "tests.ui.endless") as (process, address),
        httpx.stream("GET", f"{address}/endless") as tab,
        suppress(httpx.TransportError),
    ):
        process.terminate()
        assert process.wait(10) is not None
        tab.read()


def test_help_says_where_the_page_is_and_whom_it_asks() -> None:
    told = CliRunner().invoke(command, ["--help"])
    assert told.exit_code == 0
    assert "CREDIT_UI_PORT" in told.output
    assert "CREDIT_API_URL" in told.output


def test_the_api_is_on_this_machine_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDIT_API_URL", raising=False)
    monkeypatch.setenv("CREDIT_HTTP_PORT", "3100")
    assert Settings().api == "http://127.0.0.1:3100"
    monkeypatch.setenv("CREDIT_API_URL", "http://scoring.example")
    assert Settings().api == "http://scoring.example"


@pytest.mark.parametrize(("host", "alone"), [("127.0.0.1", True), ("0.0.0.0", False)])  # noqa: S104 -- the case told
def test_a_page_that_others_can_reach_is_known_to_be_so(host: str, alone: bool) -> None:  # noqa: FBT001 -- a parameter
    assert Settings(host=host).is_loopback is alone
