"""python -m loadtests: a run under load, its CSV and picture, and whether it kept its budget."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtests.budget import DECLARED, OVER_GRPC, Budget, Kept, as_table, over_table, read_calls
from loadtests.material import dossiers
from loadtests.plot import draw
from loadtests.shapes import Shape
from loadtests.steady import Course, grown, growth, keep_memory, latencies, memory
from loadtests.target import Target, served, started
from stores.cli import Steps, errors_told
from stores.settings import Settings, direct_libraries, settings

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
HISTORY = "run_stats_history.csv"

app = typer.Typer(add_completion=False)


@app.command()
def load(
    *,
    host: Annotated[
        str | None,
        typer.Option(
            help="URL of the service to call; it records what it decides. "
            "Without it, one is started for the run, with a ledger of its own."
        ),
    ] = None,
    grpc: Annotated[
        str | None,
        typer.Option(help="host:port of that service's gRPC door; else HTTP alone is called."),
    ] = None,
    bento: Annotated[
        str, typer.Option(help="What to start: this source tree, or a built bento's tag.")
    ] = "service:CreditScoring",
    shape: Annotated[Shape, typer.Option(help="The course of the run.")] = Shape.RAMP,
    callers: Annotated[int, typer.Option(min=1, help="Most callers at once.")] = 60,
    seconds: Annotated[float, typer.Option(min=5, help="Length of the run.")] = 120.0,
    budget: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="What the run must keep.")
    ] = DECLARED,
    out: Annotated[
        Path | None, typer.Option(help="Folder of CSV and picture; CREDIT_HOME/reports/load.")
    ] = None,
) -> None:
    """Call a service as a day's callers do; exit with 1 when it fails or is over its budget."""
    console = Console()
    steps = Steps(console)
    with errors_told(console):
        where = settings()
        direct_libraries(where)
        declared = Budget.read(budget)
        folder = out or where.home / "reports" / "load"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            material = dossiers(where, steps)
            with _target(where, host, grpc, bento) as target:
                if not target.grpc:
                    steps.say("nobody listens at the gRPC port: HTTP alone is called")
                run = ["--course", shape, "--callers", str(callers), "--seconds", str(seconds)]
                courses = _run_locust(
                    [*run, "--dossiers", str(material)], target, folder, seconds, steps
                )
        except subprocess.CalledProcessError as error:
            console.print(f"[red]{' '.join(map(str, error.cmd))} ended with {error.returncode}[/]")
            raise typer.Exit(1) from error
    calls = read_calls(folder / "run_stats.csv")
    draw(folder / HISTORY, folder / "run.svg")
    over = declared.over(calls, unless=() if target.grpc or grpc else OVER_GRPC)
    console.print(as_table(calls, over), f"CSV and picture: {folder}", sep="\n")
    if shape is Shape.SOAK:
        steps.say(", ".join(f"{what} {growth(seen):+.1%} late" for what, seen in courses.items()))
        over += grown(courses, declared.growth)
    if over:
        console.print(over_table(over))
        raise typer.Exit(1)


def _target(
    where: Settings, host: str | None, grpc: str | None, bento: str
) -> AbstractContextManager[Target]:
    if host is None:
        # Never one that happens to listen: its ledger keeps for ever what is decided here.
        return started(where, bento)
    return nullcontext(served(host.rstrip("/"), grpc or ""))


def _run_locust(
    options: list[str], target: Target, folder: Path, seconds: float, steps: Steps
) -> dict[Kept, Course]:
    """Run locust to its end.

    Returns:
        The course of what must stay flat; the memory of a service that runs elsewhere is unknown.
    """
    held: list[tuple[float, float]] = []
    # A process of its own: locust replaces the sockets of whoever imports it.
    command = [
        sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless",
        "--only-summary", "--loglevel", "WARNING", "--stop-timeout", "30",
        "--exit-code-on-error", "0", "--csv", str(folder / "run"), "--csv-full-history",
        "--host", target.host, "--grpc", target.grpc, *options,
    ]  # fmt: skip
    with (folder / "locust.log").open("wb") as log:
        title = f"load on {target.host}"
        with steps.step(title, total=round(seconds)) as advance:
            process = subprocess.Popen(command, stdout=log, stderr=log)
            while process.poll() is None:
                time.sleep(1)
                if target.process and (size := memory(target.process)):
                    held.append((time.monotonic(), size))
                advance(1)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, ["locust, see", log.name])
    latency: dict[Kept, Course] = {"latency": latencies(folder / HISTORY)}
    if not held:
        return latency
    keep_memory(held, folder / "run_memory.csv")
    return latency | {"memory": held}


if __name__ == "__main__":
    app()
