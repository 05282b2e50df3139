"""Test options that commands have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from typer.testing import CliRunner

from batch.__main__ import app as batch
from credit import __version__
from loadtests.__main__ import app as loadtests
from monitoring.__main__ import app as monitoring
from serving.__main__ import app as serving
from serving.cli.demo import app as demo
from serving.packaging.bento import app as bento
from stores.clients.__main__ import app as clients
from training.__main__ import app as training
from training.reporting.feature_catalogue.__main__ import app as feature_catalogue
from training.synthesise import app as synthesise
from training.tracking.__main__ import app as tracking
from ui.__main__ import command as ui

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
        "training compare", "training tune", "training ablate", "training omissions",
    }  # fmt: skip


def test_every_command_that_reads_tables_takes_a_lender_mapping() -> None:
    offenders = [name for name, options in READING_COMMANDS.items() if "--lender" not in options]
    assert offenders == []


def test_every_command_prints_its_version() -> None:
    apps = (
        batch, bento, clients, demo, feature_catalogue, loadtests, monitoring, serving,
        synthesise, tracking, training, ui,
    )  # fmt: skip
    results = [CliRunner().invoke(app, ["--version"]) for app in apps]
    assert {(result.exit_code, result.output) for result in results} == {(0, f"{__version__}\n")}
