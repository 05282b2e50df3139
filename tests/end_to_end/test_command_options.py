"""Every command that reads raw tables also reads a lender's own files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from batch.__main__ import app as batch
from monitoring.__main__ import app as monitoring
from stores.clients.__main__ import app as clients
from training.__main__ import app as training

TABLE_OPTIONS = {"--data", "--reference", "--current"}
"""Options that name a folder of raw tables."""


def list_commands(app: typer.Typer, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every command of an application with its options; the group itself first."""
    group = typer.main.get_command(app)
    yield name, list_options(group)
    for command_name, command in getattr(group, "commands", {}).items():
        yield f"{name} {command_name}", list_options(command)


def list_options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


APPS = {"batch": batch, "monitoring": monitoring, "stores.clients": clients, "training": training}
READING_COMMANDS = {
    command: options
    for name, app in APPS.items()
    for command, options in list_commands(app, name)
    if options & TABLE_OPTIONS
}


def test_all_commands_that_read_tables_are_known() -> None:
    assert READING_COMMANDS.keys() == {
        "batch", "monitoring drift", "stores.clients", "training", "training explore",
        "training compare", "training tune", "training ablate",
    }  # fmt: skip


def test_every_command_that_reads_tables_takes_a_lender_mapping() -> None:
    offenders = [name for name, options in READING_COMMANDS.items() if "--lender" not in options]
    assert offenders == []
