"""Run a load test: start the service, run locust, check the budget, write CSV and plot."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from loadtests.budget import (
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
from stores.progress import ProgressReporter
from stores.settings import Settings

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
STATS_HISTORY_FILE = "run_stats_history.csv"


@dataclass(frozen=True, kw_only=True)
class LoadTest:
    """The options of a load test."""

    host: str | None
    """URL of a running service; None to start one."""
    grpc: str | None
    """host:port of the running service's gRPC API; None for HTTP only."""
    bento: str
    """What to start: a source tree or the tag of a built bento."""
    shape: Shape
    callers: int
    """Maximum number of callers."""
    seconds: float
    budget_path: Path
    out: Path
    """Folder for the CSV files and the plot."""


def run_load_test(
    settings: Settings, load_test: LoadTest, console: Console, progress: ProgressReporter
) -> bool:
    """Run a load test, print its results and write its files.

    Returns:
        True if the run finished within its budget.

    Raises:
        CreditError: The started service has no gRPC API.
    """
    budget = Budget.from_yaml(load_test.budget_path)
    load_test.out.mkdir(parents=True, exist_ok=True)
    try:
        dossier_file = prepare_dossier_file(settings, progress)
        with _open_target(settings, load_test) as target:
            if not target.grpc:
                progress.log("the gRPC port is closed: only HTTP is called")
            series_by_metric = _run_locust(load_test, target, dossier_file, progress)
    except subprocess.CalledProcessError as error:
        console.print(f"[red]{' '.join(map(str, error.cmd))} ended with {error.returncode}[/]")
        return False
    calls = read_call_stats(load_test.out / "run_stats.csv")
    draw_run(load_test.out / STATS_HISTORY_FILE, load_test.out / "run.svg")
    violations = budget.find_violations(
        calls, excluded_calls=() if target.grpc or load_test.grpc else GRPC_CALLS
    )
    console.print(format_call_table(calls, violations), f"CSV and plot: {load_test.out}", sep="\n")
    if load_test.shape is Shape.SOAK:
        growth_texts = (
            f"{metric} {compute_growth(series):+.1%} late"
            for metric, series in series_by_metric.items()
        )
        progress.log(", ".join(growth_texts))
        violations += find_growth_violations(series_by_metric, budget.growth)
    if violations:
        console.print(format_violation_table(violations))
    return not violations


def _open_target(settings: Settings, load_test: LoadTest) -> AbstractContextManager[Target]:
    if load_test.host is None:
        # Do not use a service that happens to be running: its ledger is append-only.
        return start_service(settings, load_test.bento)
    return nullcontext(connect_target(load_test.host.rstrip("/"), load_test.grpc or ""))


def _run_locust(
    load_test: LoadTest, target: Target, dossier_file: Path, progress: ProgressReporter
) -> dict[StableMetric, TimeSeries]:
    """Run locust to its end, and sample the memory of a service that was started for the run.

    Returns:
        Latency over time, and memory if it was sampled.

    Raises:
        subprocess.CalledProcessError: Locust failed.
    """
    memory_samples: list[tuple[float, float]] = []
    with (load_test.out / "locust.log").open("wb") as log_file:
        title = f"load on {target.host}"
        with progress.step(title, total=round(load_test.seconds)) as advance:
            # A separate process: importing locust replaces the sockets of its process.
            process = subprocess.Popen(
                _build_command(load_test, target, dossier_file), stdout=log_file, stderr=log_file
            )
            while process.poll() is None:
                time.sleep(1)
                if target.pid and (memory_bytes := measure_memory_bytes(target.pid)):
                    memory_samples.append((time.monotonic(), memory_bytes))
                advance(1)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, ["locust, see", log_file.name])
    latency_series: dict[StableMetric, TimeSeries] = {
        "latency": read_latencies(load_test.out / STATS_HISTORY_FILE)
    }
    if not memory_samples:
        return latency_series
    write_memory_csv(memory_samples, load_test.out / "run_memory.csv")
    return latency_series | {"memory": memory_samples}


def _build_command(load_test: LoadTest, target: Target, dossier_file: Path) -> list[str]:
    return [
        sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless",
        "--only-summary", "--loglevel", "WARNING", "--stop-timeout", "30",
        "--exit-code-on-error", "0", "--csv", str(load_test.out / "run"), "--csv-full-history",
        "--host", target.host, "--grpc", target.grpc, "--course", load_test.shape,
        "--callers", str(load_test.callers), "--seconds", str(load_test.seconds),
        "--dossiers", str(dossier_file),
    ]  # fmt: skip
