"""python -m benchmarks.saturation: how many calls a second are borne, and latency at half of that.

First callers who each wait for their answer before they ask again: what they get is saturation.
Then calls at half that rate, at random moments, whether or not earlier ones are answered. Their
latency counts from the moment a call was due, so that a slow answer cannot hide the wait of those
behind it.

Ours alone, with its ledger, on a home that is thrown away. It needs a champion and its client
store under CREDIT_HOME. The generator takes its share of the same machine.
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

from benchmarks.generator import Ask, ask_for, grpc_caller, http_caller
from loadtests.material import dossiers
from loadtests.reflected import method
from loadtests.target import Target, started
from stores.cli import Steps, errors_told
from stores.clients.store import ClientStore
from stores.settings import Settings, direct_libraries, settings

SATURATING = 16
"""Callers whose calls are as many as are borne."""

AT_HAND = 128
"""Connections for calls that are due while others are under way."""

BODIES = 256
QUANTILES = (0.5, 0.9, 0.99)

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A kind of call and its different bodies; of gRPC, the clients asked about."""

    name: str
    path: str
    bodies: Sequence[bytes] = ()
    clients: Sequence[int] = ()


def calls(where: Settings, steps: Steps) -> list[Call]:
    lines = dossiers(where, steps).read_bytes().splitlines()[:BODIES]
    known, _ = ClientStore(where.clients).search("", BODIES)
    by_id = [orjson.dumps({"client_id": client}) for client in known]
    whole = [b'{"dossier":' + line + b"}" for line in lines]
    return [
        Call(name="predict by id", path="/predict", bodies=by_id),
        Call(name="predict a dossier", path="/predict", bodies=whole),
        Call(name="predict by id, gRPC", path="Predict", clients=known),
        Call(name="explain by id", path="/explain", bodies=by_id),
        Call(name="explain a dossier", path="/explain", bodies=whole),
    ]


async def callers(target: Target, call: Call, number: int) -> list[Ask]:
    port = int((target.grpc if call.clients else target.host).rpartition(":")[2])
    if not call.clients:
        return [
            await http_caller(port, call.path, call.bodies, place * 7 % len(call.bodies))
            for place in range(number)
        ]
    with grpc.insecure_channel(target.grpc) as channel:
        described = method(channel, call.path)
    starts = (place * 7 % len(call.clients) for place in range(number))
    return [await grpc_caller(port, described, call.clients, start) for start in starts]


async def at_random(asks: Sequence[Ask], rate: float, seconds: float, seed: int) -> list[float]:
    """Seconds from when each call was due to its answer; gaps between calls are exponential."""
    chance = random.Random(seed)  # noqa: S311 -- moments, not secrets
    free: asyncio.Queue[Ask] = asyncio.Queue()
    for ask in asks:
        free.put_nowait(ask)
    taken: list[float] = []

    async def one(due: float) -> None:
        ask = await free.get()
        await ask()
        taken.append(time.perf_counter() - due)
        free.put_nowait(ask)

    due = time.perf_counter()
    end = due + seconds
    async with asyncio.TaskGroup() as under_way:
        while (due := due + chance.expovariate(rate)) < end:
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            under_way.create_task(one(due))
    return taken


async def measure(
    target: Target, wanted: Sequence[Call], *, rounds: int, seconds: float, steps: Steps
) -> Table:
    figures = ("borne a second", "asked a second", "p50 ms", "p90 ms", "p99 ms")
    table = Table("call", *(Column(title, justify="right") for title in figures))
    with steps.step("rounds", len(wanted) * (rounds + 1)) as advance:
        for call in wanted:
            many = await callers(target, call, SATURATING)
            await ask_for(many, seconds)  # warm
            borne = [(await ask_for(many, seconds)).rate for _ in range(rounds)]
            advance(1)
            rate = median(borne) / 2
            told: list[float] = []
            for turn in range(rounds):
                at_hand = await callers(target, call, AT_HAND)  # idle ones are hung up on
                told += await at_random(at_hand, rate, seconds, turn)
                advance(1)
            levels = np.quantile(told, QUANTILES) * 1e3
            table.add_row(
                call.name, f"{2 * rate:,.0f}", f"{len(told) / rounds / seconds:,.0f}",
                *(f"{level:.1f}" for level in levels),
            )  # fmt: skip
    return table


@app.command()
def saturation(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of a round.")] = 5.0,
    only: Annotated[str, typer.Option(help="Calls whose name has this in it.")] = "",
) -> None:
    """Measure what is borne, and latency at half of it."""
    console = Console()
    steps = Steps(console)
    with errors_told(console), ExitStack() as stack:
        where = settings()
        direct_libraries(where)
        wanted = [call for call in calls(where, steps) if only in call.name]
        with steps.step("starting the service"):
            target = stack.enter_context(started(where, "service:CreditScoring"))
        table = uvloop.run(measure(target, wanted, rounds=rounds, seconds=seconds, steps=steps))
    console.print(table)


if __name__ == "__main__":
    app()
