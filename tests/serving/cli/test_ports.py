"""The notice at the start reports who can reach the ports."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from serving.cli.ports import print_access_notice
from stores.settings import Settings


@pytest.mark.parametrize(
    ("host", "shown", "warned"),
    [("127.0.0.1", "127.0.0.1", False), ("::1", "[::1]", False), ("192.0.2.7", "192.0.2.7", True)],
)
def test_the_notice_states_that_callers_are_not_authenticated(
    host: str, shown: str, *, warned: bool
) -> None:
    output = StringIO()
    print_access_notice(Settings(host=host), Console(file=output))
    text = output.getvalue()
    assert f"HTTP on {shown}:3000, without login" in text
    assert f"gRPC on {shown}:3001, without login" in text
    assert ("anyone who can reach these ports can call them" in text) is warned
