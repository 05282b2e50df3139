"""What commands say where there is no terminal, as in a pipe or the log of a scheduler."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from stores.progress import ProgressReporter


@pytest.fixture
def said() -> StringIO:
    return StringIO()


def test_a_step_is_said_when_it_begins_and_when_it_is_done(said: StringIO) -> None:
    with ProgressReporter(Console(file=said)).step("grouping"):
        assert said.getvalue() == "… grouping\n"
    begun, done = said.getvalue().splitlines()
    assert begun == "… grouping"
    assert re.fullmatch(r"✓ grouping \d+\.\d s", done)


def test_a_step_that_fails_is_not_said_to_be_done(said: StringIO) -> None:
    with (
        pytest.raises(OSError, match="full"),
        ProgressReporter(Console(file=said)).step("grouping"),
    ):
        raise OSError("full")
    assert said.getvalue() == "… grouping\n"


def test_on_a_terminal_the_bar_says_that_a_step_has_begun(said: StringIO) -> None:
    with ProgressReporter(Console(file=said, force_terminal=True)).step("grouping", 2) as advance:
        advance(1)
    assert "…" not in said.getvalue()


def test_a_line_stays_one_however_long(said: StringIO) -> None:
    ProgressReporter(Console(file=said, width=20)).log("word " * 20)
    assert said.getvalue().count("\n") == 1
