"""python -m serving.cli.demo: everything from nothing, in the foreground.

no champion yet? ──► training ──► the page ──► the API ──► until Ctrl-C
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import typer
from rich.console import Console

from serving.cli.bentoml_commands import make_sure_of_a_champion, serve_command
from serving.cli.ports import make_sure_doors_are_free, say_who_may_come
from stores.cli import errors_told
from stores.settings import Settings, settings

SOON = 60.0
"""Seconds a door may take to open."""

app = typer.Typer(add_completion=False)


class Stopped(Exception):
    """Somebody asked the demo to stop."""


@app.command()
def demo() -> None:
    """Train on synthetic clients if no model serves yet, then serve until Ctrl-C."""
    console = Console()
    with errors_told(console):
        where = settings()
        make_sure_doors_are_free(where)
    signal.signal(signal.SIGTERM, _stop)
    try:
        make_sure_of_a_champion(where, console)
        page = f"http://{where.address(where.ui_port)}"
        api = f"http://{where.address(where.http_port)}"
        with (
            _running([sys.executable, "-m", "ui"]) as ui,
            _open(ui, f"{page}/healthz"),
            _running(serve_command(where)) as service,
            _open(service, f"{api}/readyz"),
        ):
            _welcome(console, where, api, page)
            _wait([ui, service])
    except (KeyboardInterrupt, Stopped):
        console.print("Stopped.")
    except subprocess.CalledProcessError as error:
        console.print(f"[red]{' '.join(error.cmd)} ended with code {error.returncode}[/]")
        raise typer.Exit(1) from error


def _welcome(console: Console, where: Settings, api: str, page: str) -> None:
    request = f"curl -s {api}/predict -d '{{\"client_id\": 100001}}'"
    console.print(f"\nThe adviser's page  {page}", f"The API             {api}", sep="\n")
    console.print(f"The API over gRPC   {where.address(where.grpc_port)}")
    console.print(
        f"Its description     {api}/docs.json", f"State               {where.home}", sep="\n"
    )
    console.print(f"A decision          {request}", highlight=False)
    say_who_may_come(where, console)
    console.print("Ctrl-C stops everything.")


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own session, stopped with all its children on the way out."""
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=settings().grace + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _open(process: subprocess.Popen[bytes], url: str) -> Iterator[None]:
    """Wait until a door answers.

    Raises:
        subprocess.CalledProcessError: its process ended first, or took too long.
    """
    end = time.monotonic() + SOON
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 -- our own door
                yield
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise subprocess.CalledProcessError(process.returncode or 1, process.args)


def _wait(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    while True:
        for process in processes:
            if process.poll() is not None:
                raise subprocess.CalledProcessError(process.returncode, process.args)
        time.sleep(0.5)


def _stop(_: int, __: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    app()
