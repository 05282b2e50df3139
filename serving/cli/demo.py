"""Train if needed, then serve API and page in the foreground: `python -m serving.cli.demo`.

no champion yet? ──► training ──► page ──► API ──► until Ctrl-C
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

from serving.cli.bentoml_commands import build_serve_command, ensure_champion
from serving.cli.ports import check_ports_free, print_access_notice
from stores.cli import VersionOption, report_errors
from stores.settings import Settings, get_settings

STARTUP_TIMEOUT_SECONDS = 60.0
"""Time limit for a server to become ready."""

app = typer.Typer(add_completion=False)


class DemoStopped(Exception):
    """The demo received SIGTERM."""


@app.command()
def demo(*, _version: VersionOption = False) -> None:
    """Train on synthetic clients if no model serves yet, then serve until Ctrl-C."""
    console = Console()
    with report_errors(console):
        settings = get_settings()
        check_ports_free(settings)
    signal.signal(signal.SIGTERM, _raise_stopped)
    try:
        ensure_champion(settings, console)
        page_url = f"http://{settings.format_address(settings.ui_port)}"
        api_url = f"http://{settings.format_address(settings.http_port)}"
        with (
            _run_process([sys.executable, "-m", "ui"]) as ui,
            _wait_until_ready(ui, f"{page_url}/healthz"),
            _run_process(build_serve_command(settings)) as service,
            _wait_until_ready(service, f"{api_url}/readyz"),
        ):
            _print_welcome(console, settings, api_url, page_url)
            _raise_on_first_exit([ui, service])
    except (KeyboardInterrupt, DemoStopped):
        console.print("Stopped.")
    except subprocess.CalledProcessError as error:
        console.print(f"[red]{' '.join(error.cmd)} ended with code {error.returncode}[/]")
        raise typer.Exit(1) from error


def _print_welcome(console: Console, settings: Settings, api_url: str, page_url: str) -> None:
    example_command = f"curl -s {api_url}/predict -d '{{\"client_id\": 100001}}'"
    console.print(f"\nThe adviser's page  {page_url}", f"The API             {api_url}", sep="\n")
    console.print(f"The API over gRPC   {settings.format_address(settings.grpc_port)}")
    console.print(
        f"Its description     {api_url}/docs.json",
        f"State               {settings.home}",
        sep="\n",
    )
    console.print(f"A decision          {example_command}", highlight=False)
    print_access_notice(settings, console)
    console.print("Ctrl-C stops everything.")


@contextmanager
def _run_process(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process until the block ends; then stop it, after its grace period by force."""
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=get_settings().grace_seconds + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> Iterator[None]:
    """Wait until a URL answers with success.

    Raises:
        subprocess.CalledProcessError: The process ended before, or took too long.
    """
    deadline = time.monotonic() + STARTUP_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 -- our own server
                yield
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise subprocess.CalledProcessError(process.returncode or 1, process.args)


def _raise_on_first_exit(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    while True:
        for process in processes:
            if process.poll() is not None:
                raise subprocess.CalledProcessError(process.returncode, process.args)
        time.sleep(0.5)


def _raise_stopped(_: int, __: FrameType | None) -> None:
    raise DemoStopped


if __name__ == "__main__":
    app()
