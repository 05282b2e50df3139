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

from loadtests.budget import (
    BUDGET_PATH,
    GRPC_CALLS,
    Budget,
    StableMetric,
    format_call_table,
    format_violation_table,
    read_call_stats,
)
from loadtests.material import prepare_dossier_file
from loadtests.plot import draw_run
from loadtests.shapes import Shape
from loadtests.steady import (
    TimeSeries,
    compute_growth,
    find_growth_violations,
    measure_memory_bytes,
    read_latencies,
    write_memory_csv,
)
from loadtests.target import Target, connect_target, start_service
from stores.cli import report_errors
from stores.progress import ProgressReporter
from stores.settings import Settings, configure_libraries, get_settings

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
STATS_HISTORY_FILE = "run_stats_history.csv"

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
    ] = BUDGET_PATH,
    out: Annotated[
        Path | None, typer.Option(help="Folder of CSV and picture; CREDIT_HOME/reports/load.")
    ] = None,
) -> None:
    """Call a service as a day's callers do; exit with 1 when it fails or is over its budget."""
    console = Console()
    progress = ProgressReporter(console)
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        limits = Budget.from_yaml(budget)
        folder = out or settings.home / "reports" / "load"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            dossier_file = prepare_dossier_file(settings, progress)
            with _open_target(settings, host, grpc, bento) as target:
                if not target.grpc:
                    progress.log("nobody listens at the gRPC port: HTTP alone is called")
                run_options = [
                    "--course",
                    shape,
                    "--callers",
                    str(callers),
                    "--seconds",
                    str(seconds),
                ]
                series_by_metric = _run_locust(
                    [*run_options, "--dossiers", str(dossier_file)],
                    target,
                    folder,
                    seconds,
                    progress,
                )
        except subprocess.CalledProcessError as error:
            console.print(f"[red]{' '.join(map(str, error.cmd))} ended with {error.returncode}[/]")
            raise typer.Exit(1) from error
    calls = read_call_stats(folder / "run_stats.csv")
    draw_run(folder / STATS_HISTORY_FILE, folder / "run.svg")
    violations = limits.find_violations(
        calls, excluded_calls=() if target.grpc or grpc else GRPC_CALLS
    )
    console.print(format_call_table(calls, violations), f"CSV and picture: {folder}", sep="\n")
    if shape is Shape.SOAK:
        progress.log(
            ", ".join(
                f"{metric} {compute_growth(series):+.1%} late"
                for metric, series in series_by_metric.items()
            )
        )
        violations += find_growth_violations(series_by_metric, limits.growth)
    if violations:
        console.print(format_violation_table(violations))
        raise typer.Exit(1)


def _open_target(
    settings: Settings, host: str | None, grpc: str | None, bento: str
) -> AbstractContextManager[Target]:
    if host is None:
        # Never one that happens to listen: its ledger keeps for ever what is decided here.
        return start_service(settings, bento)
    return nullcontext(connect_target(host.rstrip("/"), grpc or ""))


def _run_locust(
    options: list[str], target: Target, folder: Path, seconds: float, progress: ProgressReporter
) -> dict[StableMetric, TimeSeries]:
    """Run locust to its end.

    Returns:
        The course of what must stay flat; the memory of a service that runs elsewhere is unknown.
    """
    memory_samples: list[tuple[float, float]] = []
    # A process of its own: locust replaces the sockets of whoever imports it.
    command = [
        sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless",
        "--only-summary", "--loglevel", "WARNING", "--stop-timeout", "30",
        "--exit-code-on-error", "0", "--csv", str(folder / "run"), "--csv-full-history",
        "--host", target.host, "--grpc", target.grpc, *options,
    ]  # fmt: skip
    with (folder / "locust.log").open("wb") as log_file:
        title = f"load on {target.host}"
        with progress.step(title, total=round(seconds)) as advance:
            process = subprocess.Popen(command, stdout=log_file, stderr=log_file)
            while process.poll() is None:
                time.sleep(1)
                if target.pid and (memory_bytes := measure_memory_bytes(target.pid)):
                    memory_samples.append((time.monotonic(), memory_bytes))
                advance(1)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, ["locust, see", log_file.name])
    latency_series: dict[StableMetric, TimeSeries] = {
        "latency": read_latencies(folder / STATS_HISTORY_FILE)
    }
    if not memory_samples:
        return latency_series
    write_memory_csv(memory_samples, folder / "run_memory.csv")
    return latency_series | {"memory": memory_samples}


if __name__ == "__main__":
    app()
