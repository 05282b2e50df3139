"""Progress of a command without a terminal, as in a pipe or the log of a scheduler."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from stores.progress import ProgressReporter


@pytest.fixture
def output() -> StringIO:
    return StringIO()


def test_a_step_is_logged_when_it_starts_and_when_it_ends(output: StringIO) -> None:
    with ProgressReporter(Console(file=output)).step("grouping"):
        assert output.getvalue() == "… grouping\n"
    first_line, last_line = output.getvalue().splitlines()
    assert first_line == "… grouping"
    assert re.fullmatch(r"✓ grouping \d+\.\d s", last_line)


def test_a_step_that_fails_is_not_logged_as_done(output: StringIO) -> None:
    with (
        pytest.raises(OSError, match="full"),
        ProgressReporter(Console(file=output)).step("grouping"),
    ):
        raise OSError("full")
    assert output.getvalue() == "… grouping\n"


def test_a_terminal_shows_the_bar_instead_of_a_start_line(output: StringIO) -> None:
    with ProgressReporter(Console(file=output, force_terminal=True)).step(
        "grouping", 2
    ) as advance:
        advance(1)
    assert "…" not in output.getvalue()


def test_a_long_line_is_not_wrapped(output: StringIO) -> None:
    ProgressReporter(Console(file=output, width=20)).log("word " * 20)
    assert output.getvalue().count("\n") == 1
