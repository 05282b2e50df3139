"""Measure throughput at saturation, and latency at half of it: `python -m benchmarks.saturation`.

First, closed-loop callers saturate the service: each waits for its response. Then calls arrive at
random (open loop) at half that rate, whether or not earlier ones are answered. Latency counts from
the scheduled start of a call, so that slow responses do not hide queueing (coordinated omission).

Our service alone, with its ledger, in a temporary home. Needs a champion and its client store
under CREDIT_HOME. The load generator shares the machine.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Annotated

import grpc
import numpy as np
import orjson
import typer
import uvloop
from rich.console import Console
from rich.table import Column, Table

from benchmarks.generator import Caller, open_grpc_caller, open_http_caller, run_callers
from loadtests.material import prepare_dossier_file
from loadtests.reflected import reflect_method
from loadtests.target import Target, start_service
from stores.cli import report_errors
from stores.clients.store import ClientStore
from stores.progress import ProgressReporter
from stores.settings import Settings, configure_libraries, get_settings

SATURATING_CALLERS = 16
"""Number of closed-loop callers that saturate the service."""

OPEN_LOOP_CONNECTIONS = 128
"""Connections for overlapping open-loop calls."""

MAX_BODIES = 256
QUANTILES = (0.5, 0.9, 0.99)

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, kw_only=True)
class BenchmarkCall:
    """A kind of call with its bodies; gRPC calls have client ids instead."""

    name: str
    path: str
    bodies: Sequence[bytes] = ()
    clients: Sequence[int] = ()


def build_calls(settings: Settings, steps: ProgressReporter) -> list[BenchmarkCall]:
    lines = prepare_dossier_file(settings, steps).read_bytes().splitlines()[:MAX_BODIES]
    client_ids, _ = ClientStore(settings.clients_path).search("", MAX_BODIES)
    id_bodies = [orjson.dumps({"client_id": client}) for client in client_ids]
    dossier_bodies = [b'{"dossier":' + line + b"}" for line in lines]
    return [
        BenchmarkCall(name="predict by id", path="/predict", bodies=id_bodies),
        BenchmarkCall(name="predict a dossier", path="/predict", bodies=dossier_bodies),
        BenchmarkCall(name="predict by id, gRPC", path="Predict", clients=client_ids),
        BenchmarkCall(name="explain by id", path="/explain", bodies=id_bodies),
        BenchmarkCall(name="explain a dossier", path="/explain", bodies=dossier_bodies),
    ]


async def open_callers(target: Target, call: BenchmarkCall, count: int) -> list[Caller]:
    port = int((target.grpc if call.clients else target.host).rpartition(":")[2])
    if not call.clients:
        return [
            await open_http_caller(port, call.path, call.bodies, index * 7 % len(call.bodies))
            for index in range(count)
        ]
    with grpc.insecure_channel(target.grpc) as channel:
        grpc_method = reflect_method(channel, call.path)
    starts = (index * 7 % len(call.clients) for index in range(count))
    return [await open_grpc_caller(port, grpc_method, call.clients, start) for start in starts]


async def send_open_loop(
    callers: Sequence[Caller], rate: float, seconds: float, seed: int
) -> list[float]:
    """Send calls with exponential gaps; return seconds from scheduled start to response."""
    rng = random.Random(seed)  # noqa: S311 -- arrival times, not secrets
    idle: asyncio.Queue[Caller] = asyncio.Queue()
    for caller in callers:
        idle.put_nowait(caller)
    latencies: list[float] = []

    async def send_call(due: float) -> None:
        caller = await idle.get()
        await caller()
        latencies.append(time.perf_counter() - due)
        idle.put_nowait(caller)

    due = time.perf_counter()
    end = due + seconds
    async with asyncio.TaskGroup() as tasks:
        while (due := due + rng.expovariate(rate)) < end:
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            tasks.create_task(send_call(due))
    return latencies


async def measure_calls(
    target: Target,
    calls: Sequence[BenchmarkCall],
    *,
    rounds: int,
    seconds: float,
    steps: ProgressReporter,
) -> Table:
    headings = ("saturation calls/s", "open-loop calls/s", "p50 ms", "p90 ms", "p99 ms")
    table = Table("call", *(Column(title, justify="right") for title in headings))
    with steps.step("rounds", len(calls) * (rounds + 1)) as advance:
        for call in calls:
            callers = await open_callers(target, call, SATURATING_CALLERS)
            await run_callers(callers, seconds)  # warm up
            rates = [(await run_callers(callers, seconds)).rate for _ in range(rounds)]
            advance(1)
            rate = median(rates) / 2
            latencies: list[float] = []
            for round_index in range(rounds):
                # Open new connections in each round: the server closes idle ones.
                connections = await open_callers(target, call, OPEN_LOOP_CONNECTIONS)
                latencies += await send_open_loop(connections, rate, seconds, round_index)
                advance(1)
            quantiles = np.quantile(latencies, QUANTILES) * 1e3
            table.add_row(
                call.name, f"{2 * rate:,.0f}", f"{len(latencies) / rounds / seconds:,.0f}",
                *(f"{quantile:.1f}" for quantile in quantiles),
            )  # fmt: skip
    return table


@app.command()
def saturation(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds per kind of call.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, help="Seconds per round.")] = 5.0,
    only: Annotated[str, typer.Option(help="Only calls with this text in their name.")] = "",
) -> None:
    """Measure throughput at saturation, and latency at half of it."""
    console = Console()
    steps = ProgressReporter(console)
    with report_errors(console), ExitStack() as stack:
        settings = get_settings()
        configure_libraries(settings)
        selected_calls = [call for call in build_calls(settings, steps) if only in call.name]
        with steps.step("starting the service"):
            target = stack.enter_context(start_service(settings, "service:CreditScoring"))
        table = uvloop.run(
            measure_calls(target, selected_calls, rounds=rounds, seconds=seconds, steps=steps)
        )
    console.print(table)


if __name__ == "__main__":
    app()
