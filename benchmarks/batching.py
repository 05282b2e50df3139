"""python -m benchmarks.batching: how requests are gathered, and what it costs them.

1. The same scoring of the same dossiers one at a time, by BentoML's dispatcher and by our runner.
2. Batch sizes and waiting times on the whole way of a decision, ledger included.
3. Predictions alone, and beside as many explanations as the machine can make.

All in one process and interleaved, round by round: trust the ratios. It needs a champion and its
client store under CREDIT_HOME; decisions go to a ledger that is deleted.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from credit.contract.request import ScoringRequest
from credit.dossier import Document
from credit.policy import policy_on
from credit.underwriting import Scored, score
from serving.batching.adaptive_batcher import Runner
from serving.core.decision_engine import EXPLAIN, PREDICT, Call, Judge
from serving.core.scoring_service import PREDICTING, Scoring
from serving.lightgbm_import import import_lightgbm_alone
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger, digest
from stores.settings import direct_libraries, settings

CONCURRENCIES = (1, 16, 64)
BAD_EVERY = 100
QUANTILES = (0.5, 0.9, 0.99)

Ask = Callable[[Any], Awaitable[Any]]

app = typer.Typer(add_completion=False)


class Batches:
    """Work that remembers the sizes of its batches; a dossier that is bad makes it fail."""

    def __init__(self, scorer: Any) -> None:
        self.sizes: list[int] = []
        self._scorer = scorer

    def __call__(self, documents: Sequence[Document]) -> list[Scored]:
        self.sizes.append(len(documents))
        if any(document.get("bad") for document in documents):
            raise ValueError("a bad dossier")
        return score(self._scorer, documents)


def contestants(scorer: Any) -> dict[str, tuple[Batches, Ask]]:
    """By name: what each has worked on, and how to ask it for one dossier."""
    from bentoml._internal.marshal.dispatcher import CorkDispatcher  # noqa: PLC0415

    singly, theirs, ours = Batches(scorer), Batches(scorer), Batches(scorer)
    threads = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]
    loop = asyncio.get_running_loop()

    async def alone(document: Document) -> Scored:
        [result] = await loop.run_in_executor(threads[0], singly, [document])
        return result

    async def batch(documents: Sequence[Document]) -> list[Scored]:
        return await loop.run_in_executor(threads[1], theirs, documents)

    def refused() -> Any:
        raise TimeoutError

    # What `batchable=True` puts before an API, without the hop to another process.
    dispatcher: Any = CorkDispatcher(
        max_latency_in_ms=10_000, max_batch_size=PREDICTING.most, fallback=refused,
        get_batch_size=lambda _: 1,
    )  # fmt: skip
    runner = Runner("bench", ours, PREDICTING)
    return {
        "one at a time": (singly, alone),
        "BentoML's dispatcher": (theirs, dispatcher(batch)),
        "our runner": (ours, runner.one),
    }


async def crowd(ask: Ask, items: Sequence[Any], concurrency: int) -> tuple[list[float], int]:
    """Latencies in seconds of callers who each ask anew when answered, and how many failed."""
    left = iter(items)
    latencies: list[float] = []
    failures = 0

    async def caller() -> None:
        nonlocal failures
        for item in left:
            began = time.perf_counter()
            try:
                await ask(item)
            except ValueError:
                failures += 1
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return latencies, failures


async def compare(scorer: Any, documents: Sequence[Document], rounds: int) -> Table:
    table = Table("concurrency", "", "rate", "p50 ms", "p99 ms", "batch", "failed of 1% bad")
    entrants = contestants(scorer)
    for _, ask in entrants.values():  # BentoML's learns from its first sixty or so
        await crowd(ask, documents[:100], 4)
    for concurrency in CONCURRENCIES:
        seen: dict[str, list[tuple[float, list[float], float]]] = {name: [] for name in entrants}
        for _ in range(rounds):
            for name, (work, ask) in entrants.items():
                work.sizes.clear()
                began = time.perf_counter()
                latencies, _ = await crowd(ask, documents, concurrency)
                rate = len(documents) / (time.perf_counter() - began)
                seen[name].append((rate, latencies, float(np.mean(work.sizes))))
        base = median(rate for rate, _, _ in seen["one at a time"])
        for name, measured in seen.items():
            bad = [{**d, "bad": n % BAD_EVERY == 0} for n, d in enumerate(documents)]
            _, failed = await crowd(entrants[name][1], bad, concurrency)
            p50, p99 = np.quantile([s for _, part, _ in measured for s in part], [0.5, 0.99])
            table.add_row(
                str(concurrency), name, f"{median(m[0] for m in measured) / base:.2f}x",
                f"{p50 * 1e3:.1f}", f"{p99 * 1e3:.1f}", f"{np.mean([m[2] for m in measured]):.1f}",
                f"{failed} of {len(range(0, len(bad), BAD_EVERY))}",
            )  # fmt: skip
    return table


class Observed:
    """Stands in for a histogram and keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[float] = []

    def observe(self, value: float) -> None:
        self.told.append(value)


def watched(runner: Any) -> dict[str, Observed]:
    """Listen to a runner instead of Prometheus."""
    told = {"_sizes": Observed(), "_queued": Observed(), "_computed": Observed()}
    for name, observed in told.items():
        setattr(runner, name, observed)
    return told


async def distributions(scoring: Scoring, clients: Sequence[int]) -> Table:
    table = Table(
        "concurrency", "runner", "batch p50/p90/p99", "wait ms", "compute ms", "answer ms"
    )
    for concurrency in CONCURRENCIES:
        for kind in (PREDICT, EXPLAIN):
            heard = watched(getattr(scoring, f"_{kind}"))
            latencies, _ = await crowd(_asking(scoring, kind), clients, concurrency)
            sizes, waits, computed = (observed.told for observed in heard.values())
            table.add_row(
                str(concurrency), kind, _quantiles(sizes, 1), _quantiles(waits),
                _quantiles(computed), _quantiles(latencies),
            )  # fmt: skip
    return table


async def beside(scoring: Scoring, clients: Sequence[int], rounds: int) -> Table:
    table = Table("predictions at concurrency 4", "p50 ms", "p99 ms", "explanations/s")
    predict, explain = _asking(scoring, PREDICT), _asking(scoring, EXPLAIN)
    alone: list[float] = []
    crowded: list[float] = []
    explained, lasted = 0, 0.0
    for _ in range(rounds):
        alone += (await crowd(predict, clients, 4))[0]
        began = time.perf_counter()
        over = asyncio.Event()

        async def repeat(over: asyncio.Event) -> int:
            count = 0
            while not over.is_set():
                await explain(clients[count % len(clients)])
                count += 1
            return count

        crowd_of_explainers = [asyncio.create_task(repeat(over)) for _ in range(16)]
        await asyncio.sleep(0.2)
        crowded += (await crowd(predict, clients, 4))[0]
        over.set()
        explained += sum(await asyncio.gather(*crowd_of_explainers))
        lasted += time.perf_counter() - began
    for name, latencies, rate in (
        ("alone", alone, 0.0),
        ("beside explanations", crowded, explained / lasted),
    ):
        p50, p99 = np.quantile(latencies, [0.5, 0.99]) * 1e3
        table.add_row(name, f"{p50:.1f}", f"{p99:.1f}", f"{rate:.0f}")
    ratio = np.quantile(crowded, [0.5, 0.99]) / np.quantile(alone, [0.5, 0.99])
    table.add_row("ratio", f"{ratio[0]:.2f}x", f"{ratio[1]:.2f}x", "")
    return table


def _asking(scoring: Scoring, kind: str) -> Ask:
    def ask(client: int) -> Awaitable[Any]:
        call = Call(kind=kind, digest=digest(kind, b"%d" % client))
        return scoring.judge(ScoringRequest(client_id=client), call)

    return ask


def _quantiles(values: Sequence[float], factor: float = 1e3) -> str:
    found = np.quantile(values, QUANTILES) * factor
    return " / ".join(f"{value:.3g}" for value in found)


@app.command()
def batching(
    rounds: Annotated[int, typer.Option(help="Rounds of each comparison.")] = 5,
    requests: Annotated[int, typer.Option(help="Requests a round.")] = 600,
) -> None:
    """Compare ways to gather requests, and show what ours does under load."""
    import_lightgbm_alone()
    direct_libraries(settings())
    from stores.models.bento_store import (  # noqa: PLC0415 -- after what it reads
        champion_tag,
        find,
        load,
    )

    where, console = settings(), Console(width=140)
    scorer = load(find(champion_tag(where)))
    store = ClientStore(where.clients)
    known, _ = store.search("", requests)
    clients = [known[place % len(known)] for place in range(requests)]
    documents = [store.dossier(client) for client in clients]

    gc.collect()  # as the service does: else it is the garbage collector that is measured
    gc.freeze()

    async def everything(folder: Path) -> None:
        console.print(await compare(scorer, documents, rounds))
        ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
        judge = Judge(scorer=scorer, clients=store, ledger=ledger, policy_on=policy_on)
        judge.warm()
        scoring = Scoring(judge)
        await crowd(_asking(scoring, EXPLAIN), clients[:100], 8)
        console.print(await distributions(scoring, clients))
        console.print(await beside(scoring, clients, rounds))
        scoring.close()

    with tempfile.TemporaryDirectory(dir=where.home) as folder:
        uvloop.run(everything(Path(folder)))


if __name__ == "__main__":
    app()
