"""Compare scoring on this machine alone with Spark: `python -m benchmarks.scale_out`.

For each number of clients synthetic tables are generated once, under CREDIT_HOME/cache. Both
engines then score all clients with the champion, in turn, each in a new process as `python -m
batch` does. The report has wall seconds, processor seconds and peak memory of all processes,
startup included, and whether both output files are byte-identical. Both engines check the tables.
Needs a champion under CREDIT_HOME, and Java.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest
from itertools import product
from pathlib import Path
from statistics import median
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.servers import write_results
from stores.cli import report_errors
from stores.dossiers.engine import Engine
from stores.progress import ProgressReporter
from stores.settings import Settings, configure_libraries, get_settings

POLL_SECONDS = 0.5
"""Seconds between two measurements of a run's processes."""

TABLE_NAME = "application_test"

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, kw_only=True)
class Run:
    """Cost of one scoring of all clients."""

    engine: Engine
    clients: int
    seconds: float
    cpu: float
    """Processor seconds of all processes, including the Java virtual machine and the workers."""
    peak: float
    """Peak of the unique memory of all processes together, in GB."""
    digest: str


class ResourceMonitor:
    """Add up the resources of a process and its descendants, ended ones included."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._cpu: dict[tuple[int, float], float] = {}
        self.peak = 0

    @property
    def cpu(self) -> float:
        return sum(self._cpu.values())

    def sample_usage(self) -> None:
        memory = 0
        for process in self._process_tree():
            try:
                times = process.cpu_times()
                self._cpu[process.pid, process.create_time()] = times.user + times.system
                memory += process.memory_full_info().uss
            except psutil.Error:  # it has just ended
                continue
        self.peak = max(self.peak, memory)

    def _process_tree(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def run_scoring(engine: Engine, data: Path, out: Path, clients: int, *, explain: bool) -> Run:
    """Score the folder in a process of its own.

    Raises:
        subprocess.CalledProcessError: if the scoring fails; `output` holds its log.
    """
    command = [sys.executable, "-m", "batch", "--data", str(data), "--table", TABLE_NAME]
    command += ["--out", str(out), "--engine", engine] + ["--explain"] * explain
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        monitor = ResourceMonitor(process.pid)
        while process.poll() is None:
            monitor.sample_usage()
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - start
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    with out.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return Run(
        engine=engine, clients=clients, seconds=seconds, cpu=monitor.cpu, peak=monitor.peak / 1e9,
        digest=digest,
    )  # fmt: skip


def make_tables(settings: Settings, clients: int, steps: ProgressReporter) -> Path:
    """Generate synthetic tables once, with this many clients to score.

    In a synthetic folder a seventh of the clients is to be scored; here all of them are.
    """
    configure_libraries(settings)
    # These libraries read their environment at import.
    from stores.raw_tables.tables import read_tables  # noqa: PLC0415
    from training.data.synthetic_source import generate_synthetic_tables  # noqa: PLC0415

    synthetic = generate_synthetic_tables(settings, clients, 0, steps)
    folder = settings.cache_folder / "scale_out" / synthetic.name
    if not (folder / f"{TABLE_NAME}.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        import polars as pl  # noqa: PLC0415

        forms = [
            read_tables(synthetic, application=name, cache=settings.cache_folder).application
            for name in ("application_train", TABLE_NAME)
        ]
        part = folder / "forms.part"
        pl.concat(forms).sink_parquet(part)
        for history in synthetic.glob("*.parquet"):
            if not history.name.startswith("application_"):
                (folder / history.name).unlink(missing_ok=True)
                os.link(history, folder / history.name)
        part.replace(folder / f"{TABLE_NAME}.parquet")
    return folder


def build_table(runs: Sequence[Run]) -> Table:
    """Build the table of medians by engine and number of clients, with their ratio."""
    table = Table(
        "clients", "engine", "wall s", "cpu s", "peak GB", "wall µs/client", "cpu µs/client",
        "spark/local", "same file", title="Scoring all clients of a folder",
    )  # fmt: skip
    for clients in sorted({run.clients for run in runs}):
        group = [run for run in runs if run.clients == clients]
        costs = {
            engine: _compute_medians([run for run in group if run.engine is engine])
            for engine in Engine
        }
        baseline = costs[Engine.LOCAL]
        for engine, cost in costs.items():
            ratio = cost["seconds"] / baseline["seconds"], cost["cpu"] / baseline["cpu"]
            table.add_row(
                f"{clients:,}", engine, f"{cost['seconds']:.1f}", f"{cost['cpu']:.1f}",
                f"{cost['peak']:.2f}", f"{cost['seconds'] / clients * 1e6:,.0f}",
                f"{cost['cpu'] / clients * 1e6:,.0f}",
                "" if engine is Engine.LOCAL else f"{ratio[0]:.2f}x, cpu {ratio[1]:.2f}x",
                "yes" if len({run.digest for run in group}) == 1 else "[red]no[/]",
            )  # fmt: skip
    return table


def _compute_medians(runs: Sequence[Run]) -> Mapping[str, float]:
    return {
        "seconds": median(run.seconds for run in runs),
        "cpu": median(run.cpu for run in runs),
        "peak": median(run.peak for run in runs),
    }


@app.command()
def scale_out(
    *,
    clients: Annotated[
        list[int], typer.Option(min=1_000, help="Clients to score; the public data has 356255.")
    ] = [10_000, 100_000],  # noqa: B006 -- typer's way
    rounds: Annotated[int, typer.Option(min=1, help="Runs per engine, alternating.")] = 1,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also write the contribution of every feature.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="JSON file; default in CREDIT_HOME/reports/bench.")
    ] = None,
) -> None:
    """Compare the cost of scoring a client on one machine and with Spark.

    Spark runs at CREDIT_SPARK_MASTER; processor seconds and memory are those of this machine. The
    exit code is 1 if the engines write different files.
    """
    console = Console(width=120)
    steps = ProgressReporter(console)
    runs: list[Run] = []
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        from stores.dossiers.spark_session import require_spark  # noqa: PLC0415 -- fast --help

        require_spark()
        folders = {count: make_tables(settings, count, steps) for count in clients}
        with tempfile.TemporaryDirectory(dir=settings.home) as folder:
            for (count, data), round_index, engine in product(
                folders.items(), range(rounds), Engine
            ):
                file = Path(folder, f"{engine}.parquet")
                with steps.step(f"{count:,} clients, {engine}, round {round_index + 1}"):
                    try:
                        runs.append(run_scoring(engine, data, file, count, explain=explain))
                    except subprocess.CalledProcessError as error:
                        console.print(f"[red]{engine} failed[/]", error.output, sep="\n")
                        raise typer.Exit(1) from error
    console.print(build_table(runs))
    target = out or settings.home / "reports" / "bench" / "scale_out.json"
    write_results(target, [asdict(run) for run in runs], steps)
    if any(len({run.digest for run in runs if run.clients == count}) > 1 for count in clients):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
