"""Errors at the end of a command."""

from __future__ import annotations

from io import StringIO

import pytest
import typer
from rich.console import Console

from credit.errors import UnknownClient
from stores.cli import report_errors


def test_an_expected_error_ends_the_command_with_its_message_and_code_1() -> None:
    output = StringIO()
    with pytest.raises(typer.Exit) as caught, report_errors(Console(file=output)):
        raise UnknownClient(7)
    assert caught.value.exit_code == 1
    assert output.getvalue() == f"{UnknownClient(7)}\n"


def test_an_unexpected_error_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), report_errors(Console(file=StringIO())):
        raise ZeroDivisionError
