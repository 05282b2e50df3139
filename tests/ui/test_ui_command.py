from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import httpx
from typer.testing import CliRunner

from tests.support.page.fake_api import FakeApi
from tests.ui.conftest import start_page
from ui.__main__ import command


def test_an_open_tab_does_not_keep_the_page_from_stopping(api: FakeApi, page_home: Path) -> None:
    with (
        start_page(api, page_home, "tests.support.page.endless_page") as (process, address),
        httpx.stream("GET", f"{address}/endless") as tab,
        suppress(httpx.TransportError),
    ):
        process.terminate()
        assert process.wait(10) is not None
        tab.read()


def test_help_names_the_variables_of_both_addresses() -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert "CREDIT_UI_PORT" in result.output
    assert "CREDIT_API_URL" in result.output
