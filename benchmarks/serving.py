"""Compare our service with others that serve the same model: `python -m benchmarks.serving`.

All servers run at once, with one serving process each. One is called at a time, in rounds, so that
disturbances of the machine affect all. Ratios hold within one run; absolute rates are those of
this machine, which is shared with the callers.
"""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import grpc
import numpy as np
import typer
import uvloop
from rich.console import Console
from rich.table import Column, Table

from benchmarks.contenders import NAIVE, ROWS, SERVERS, WELL_WRITTEN, BenchmarkRow
from benchmarks.generator import Caller, open_grpc_caller, open_http_caller, run_callers
from benchmarks.material import BenchmarkPayloads, build_payloads
from benchmarks.servers import RunningServer, start_server, write_results
from loadtests.reflected import reflect_method
from stores.cli import report_errors
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings

app = typer.Typer(add_completion=False)


@dataclass(kw_only=True)
class BenchmarkResult:
    """Measurements of one row at one concurrency, over all rounds."""

    name: str
    concurrency: int
    seconds: list[float] = field(default_factory=list)
    """Latency of each call, in seconds."""
    rates: list[float] = field(default_factory=list)
    """Calls per second, by round."""
    cpu: float = 0.0
    """Processor seconds of the server."""

    def to_dict(self) -> dict[str, float | str]:
        p50, p99 = np.quantile(self.seconds, (0.5, 0.99)) * 1e3
        return {
            "name": self.name,
            "concurrency": self.concurrency,
            "calls": len(self.seconds),
            "rate": float(np.median(self.rates)),
            "p50_ms": float(p50),
            "p99_ms": float(p99),
            "cpu_us": self.cpu / len(self.seconds) * 1e6,
        }


@app.command()
def serving(
    *,
    concurrency: Annotated[list[int], typer.Option(help="Concurrent callers.")] = [1, 16, 64],  # noqa: B006 -- typer's way
    rounds: Annotated[int, typer.Option(min=1, help="Rounds per server.")] = 4,
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds per round.")] = 2.0,
    only: Annotated[list[str] | None, typer.Option(help="Servers to run; default: all.")] = None,
    mlserver: Annotated[
        Path | None,
        typer.Option(
            help="Path of mlserver in an environment with mlserver-lightgbm and uvloop<0.22."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="JSON file; default in CREDIT_HOME/reports/bench.")
    ] = None,
) -> None:
    """Compare requests per second, latency, and processor time per request."""
    console = Console()
    steps = ProgressReporter(console)
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        selected = [name for name in only or SERVERS if name != "mlserver" or mlserver]
        if not mlserver:
            steps.log("MLServer is skipped: set its program with --mlserver")
        rows = [row for row in ROWS if row.server in selected]
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
            payloads = build_payloads(settings, Path(folder), steps)
            servers = {}
            for name in selected:
                server = start_server(
                    name,
                    settings=settings,
                    payloads=payloads,
                    folder=Path(folder),
                    mlserver=mlserver,
                )
                with steps.step(f"starting {name}"):
                    servers[name] = _enter_server(stack, server, name, console)
            results = uvloop.run(
                _measure_rows(
                    rows, servers, payloads, steps,
                    concurrency=concurrency, rounds=rounds, seconds=seconds,
                )
            )  # fmt: skip
    summaries = [item.to_dict() for item in results]
    for caller_count in concurrency:
        rows_at = [item for item in summaries if item["concurrency"] == caller_count]
        console.print(_build_table(caller_count, rows_at))
    target = out or settings.home / "reports" / "bench" / "serving.json"
    write_results(target, {"rounds": rounds, "seconds": seconds, "rows": summaries}, steps)


def _enter_server(
    stack: ExitStack,
    server: AbstractContextManager[RunningServer],
    name: str,
    console: Console,
) -> RunningServer:
    try:
        return stack.enter_context(server)
    except subprocess.CalledProcessError as error:
        console.print(f"[red]{name} did not start[/]", error.stderr, sep="\n")
        raise typer.Exit(1) from error


async def _measure_rows(
    rows: list[BenchmarkRow],
    servers: dict[str, RunningServer],
    payloads: BenchmarkPayloads,
    steps: ProgressReporter,
    *,
    concurrency: list[int],
    rounds: int,
    seconds: float,
) -> list[BenchmarkResult]:
    results = {
        (row, caller_count): BenchmarkResult(name=row.name, concurrency=caller_count)
        for caller_count in concurrency
        for row in rows
    }
    with steps.step("rounds", rounds * len(results)) as advance:
        for round_index in range(rounds + 1):
            for (row, caller_count), result in results.items():
                server = servers[row.server]
                callers = [
                    await _open_caller(row, server, payloads, index * 7)
                    for index in range(caller_count)
                ]
                if not round_index:  # warm up every server
                    await run_callers(callers, seconds / 4)
                    continue
                cpu_before = server.cpu_seconds()
                load = await run_callers(callers, seconds)
                result.cpu += server.cpu_seconds() - cpu_before
                result.seconds += load.latencies
                result.rates.append(load.rate)
                advance(1)
    return list(results.values())


async def _open_caller(
    row: BenchmarkRow, server: RunningServer, payloads: BenchmarkPayloads, start: int
) -> Caller:
    bodies = payloads.bodies[row.payload]
    start %= len(bodies)
    if not row.grpc:
        return await open_http_caller(server.http, row.path, bodies, start)
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        grpc_method = reflect_method(channel, row.path)
    return await open_grpc_caller(server.grpc, grpc_method, payloads.clients, start)


def _build_table(caller_count: int, rows: list[dict[str, float | str]]) -> Table:
    rates = {str(row["name"]): float(row["rate"]) for row in rows}
    headings = ("calls/s", "p50 ms", "p99 ms", "CPU us", "x well written", "x naive")
    columns = [Column(title, justify="right") for title in headings]
    table = Table("server", *columns, title=f"{caller_count} concurrent callers")
    for row in rows:
        values = [f"{row[name]:,.1f}" for name in ("rate", "p50_ms", "p99_ms")]
        ratios = [
            f"{rates[str(row['name'])] / rates[baseline]:.2f}" if baseline in rates else "-"
            for baseline in (WELL_WRITTEN, NAIVE)
        ]
        table.add_row(str(row["name"]), *values, f"{row['cpu_us']:,.0f}", *ratios)
    return table


if __name__ == "__main__":
    app()
