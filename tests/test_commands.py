"""Commands have one manner: whoever reads tables reads a lender's own files too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from batch.__main__ import app as batch
from monitoring.__main__ import app as monitoring
from stores.clients.__main__ import app as clients
from training.__main__ import app as training

TABLES = {"--data", "--reference", "--current"}
"""Options that name a folder of raw tables."""


def commands(app: typer.Typer, name: str) -> Iterator[tuple[str, set[str]]]:
    """Every command of an application with its options, a group's own among them."""
    command = typer.main.get_command(app)
    yield name, options(command)
    for sub, one in getattr(command, "commands", {}).items():
        yield f"{name} {sub}", options(one)


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


APPS = {"batch": batch, "monitoring": monitoring, "stores.clients": clients, "training": training}
READING = {
    command: told
    for name, app in APPS.items()
    for command, told in commands(app, name)
    if told & TABLES
}


def test_all_that_read_tables_are_found() -> None:
    assert READING.keys() == {
        "batch", "monitoring drift", "stores.clients", "training", "training explore",
        "training compare", "training tune", "training ablate",
    }  # fmt: skip


@pytest.mark.parametrize("command", READING)
def test_whoever_reads_tables_reads_a_lenders_own(command: str) -> None:
    assert "--lender" in READING[command]
