"""python -m benchmarks.serving: ours beside others that serve the same model.

All servers run at once, a process each that serves; one is called at a time, in rounds, so that
what disturbs the machine disturbs everyone. Ratios are of one run; absolute rates are this
machine's, shared with the callers.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import grpc
import numpy as np
import typer
import uvloop
from rich.console import Console
from rich.table import Column, Table

from benchmarks.contenders import NAIVE, ROWS, SERVERS, WELL_WRITTEN, Row
from benchmarks.generator import Ask, ask_for, grpc_caller, http_caller
from benchmarks.material import Material, material
from benchmarks.servers import Running, running
from loadtests.reflected import method
from stores.cli import Steps, errors_told
from stores.settings import direct_libraries, settings

app = typer.Typer(add_completion=False)


@dataclass(kw_only=True)
class Measured:
    """What was measured of one row at one concurrency, over all rounds."""

    name: str
    concurrency: int
    seconds: list[float] = field(default_factory=list)
    """Latency of every call."""
    rates: list[float] = field(default_factory=list)
    """Calls a second, by round."""
    cpu: float = 0.0
    """Processor seconds of the server."""

    def told(self) -> dict[str, float | str]:
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
    concurrency: Annotated[list[int], typer.Option(help="Callers at once.")] = [1, 16, 64],  # noqa: B006 -- typer's way
    rounds: Annotated[int, typer.Option(min=1, help="Turns of every server.")] = 4,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of a turn.")] = 2.0,
    only: Annotated[list[str] | None, typer.Option(help="Servers to run; all.")] = None,
    mlserver: Annotated[
        Path | None,
        typer.Option(
            help="The mlserver program of an environment with mlserver-lightgbm, uvloop<0.22."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="JSON; CREDIT_HOME/reports/bench.")] = None,
) -> None:
    """Compare requests a second, latency, and processor time per request."""
    console = Console()
    steps = Steps(console)
    with errors_told(console):
        where = settings()
        direct_libraries(where)
        chosen = [name for name in only or SERVERS if name != "mlserver" or mlserver]
        if not mlserver:
            steps.say("MLServer is left out: --mlserver names its program")
        rows = [row for row in ROWS if row.server in chosen]
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
            made = material(where, Path(folder), steps)
            servers = {}
            for name in chosen:
                with steps.step(f"starting {name}"):
                    server = running(
                        name, where=where, made=made, folder=Path(folder), mlserver=mlserver
                    )
                    try:
                        servers[name] = stack.enter_context(server)
                    except subprocess.CalledProcessError as error:
                        console.print(f"[red]{name} does not serve[/]", error.stderr, sep="\n")
                        raise typer.Exit(1) from error
            measured = uvloop.run(
                _measure(
                    rows, servers, made, steps,
                    concurrency=concurrency, rounds=rounds, seconds=seconds,
                )
            )  # fmt: skip
    told = [one.told() for one in measured]
    for together in concurrency:
        console.print(_table(together, [one for one in told if one["concurrency"] == together]))
    target = out or where.home / "reports" / "bench" / "serving.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"rounds": rounds, "seconds": seconds, "rows": told}, indent=1))
    steps.say(f"figures: {target}")


async def _measure(
    rows: list[Row],
    servers: dict[str, Running],
    made: Material,
    steps: Steps,
    *,
    concurrency: list[int],
    rounds: int,
    seconds: float,
) -> list[Measured]:
    measured = {
        (row, together): Measured(name=row.name, concurrency=together)
        for together in concurrency
        for row in rows
    }
    with steps.step("rounds", rounds * len(measured)) as advance:
        for turn in range(rounds + 1):
            for (row, together), kept in measured.items():
                server = servers[row.server]
                callers = [
                    await _caller(row, server, made, place * 7) for place in range(together)
                ]
                if not turn:  # everybody warms up
                    await ask_for(callers, seconds / 4)
                    continue
                before = server.cpu()
                answered = await ask_for(callers, seconds)
                kept.cpu += server.cpu() - before
                kept.seconds += answered.taken
                kept.rates.append(answered.rate)
                advance(1)
    return list(measured.values())


async def _caller(row: Row, server: Running, made: Material, start: int) -> Ask:
    bodies = made.bodies[row.sent]
    start %= len(bodies)
    if not row.grpc:
        return await http_caller(server.http, row.path, bodies, start)
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        described = method(channel, row.path)
    return await grpc_caller(server.grpc, described, made.clients, start)


def _table(together: int, rows: list[dict[str, float | str]]) -> Table:
    rates = {str(row["name"]): float(row["rate"]) for row in rows}
    numbers = ("calls/s", "p50 ms", "p99 ms", "CPU us", "x well written", "x naive")
    heads = [Column(title, justify="right") for title in numbers]
    table = Table("server", *heads, title=f"{together} callers at once")
    for row in rows:
        cells = [f"{row[name]:,.1f}" for name in ("rate", "p50_ms", "p99_ms")]
        ratios = [
            f"{rates[str(row['name'])] / rates[base]:.2f}" if base in rates else "-"
            for base in (WELL_WRITTEN, NAIVE)
        ]
        table.add_row(str(row["name"]), *cells, f"{row['cpu_us']:,.0f}", *ratios)
    return table


if __name__ == "__main__":
    app()
