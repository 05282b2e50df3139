"""Measure request batching and its cost: `python -m benchmarks.batching`.

1. The same scoring of the same dossiers: one at a time, by BentoML's dispatcher, by our batcher.
2. Batch sizes and waiting times over the full path of a decision, ledger included.
3. Predictions alone, and together with as many explanations as the machine can compute.

All run in one process, interleaved by round, so only ratios are reliable. Needs a champion and its
client store under CREDIT_HOME; decisions go to a temporary ledger.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
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
from credit.policy import load_policy
from credit.underwriting import ScoredDossier, score_dossiers
from serving.batching.adaptive_batcher import AdaptiveBatcher
from serving.core.decision_engine import EXPLAIN, PREDICT, CallContext, DecisionEngine
from serving.core.scoring_service import PREDICT_LIMITS, ScoringService
from serving.lightgbm_import import import_lightgbm_alone
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger, digest_request
from stores.settings import configure_libraries, get_settings

CONCURRENCIES = (1, 16, 64)
BAD_DOSSIER_INTERVAL = 100
QUANTILES = (0.5, 0.9, 0.99)

AsyncCall = Callable[[Any], Awaitable[Any]]

app = typer.Typer(add_completion=False)


class RecordingScorer:
    """Scorer that records its batch sizes; a dossier with `bad` set makes the batch fail."""

    def __init__(self, scorer: Any) -> None:
        self.sizes: list[int] = []
        self._scorer = scorer

    def __call__(self, documents: Sequence[Document]) -> list[ScoredDossier]:
        self.sizes.append(len(documents))
        if any(document.get("bad") for document in documents):
            raise ValueError("a bad dossier")
        return score_dossiers(self._scorer, documents, load_policy(datetime.now(UTC).date()))


def build_contestants(scorer: Any) -> dict[str, tuple[RecordingScorer, AsyncCall]]:
    """Return by name each contestant's scorer and its call for one dossier."""
    from bentoml._internal.marshal.dispatcher import CorkDispatcher  # noqa: PLC0415

    single_scorer, bentoml_scorer, batcher_scorer = (
        RecordingScorer(scorer),
        RecordingScorer(scorer),
        RecordingScorer(scorer),
    )
    threads = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]
    loop = asyncio.get_running_loop()

    async def score_one(document: Document) -> ScoredDossier:
        [result] = await loop.run_in_executor(threads[0], single_scorer, [document])
        return result

    async def score_batch(documents: Sequence[Document]) -> list[ScoredDossier]:
        return await loop.run_in_executor(threads[1], bentoml_scorer, documents)

    def raise_timeout() -> Any:
        raise TimeoutError

    # The same dispatcher that `batchable=True` puts in front of an API, without the process hop.
    dispatcher: Any = CorkDispatcher(
        max_latency_in_ms=10_000,
        max_batch_size=PREDICT_LIMITS.max_batch_size,
        fallback=raise_timeout,
        get_batch_size=lambda _: 1,
    )
    batcher = AdaptiveBatcher("bench", batcher_scorer, PREDICT_LIMITS)
    return {
        "one at a time": (single_scorer, score_one),
        "BentoML's dispatcher": (bentoml_scorer, dispatcher(score_batch)),
        "our batcher": (batcher_scorer, batcher.run_one),
    }


async def run_closed_loop(
    call: AsyncCall, items: Sequence[Any], concurrency: int
) -> tuple[list[float], int]:
    """Call in a closed loop; return the latencies in seconds and the number of failures."""
    remaining = iter(items)
    latencies: list[float] = []
    failures = 0

    async def caller() -> None:
        nonlocal failures
        for item in remaining:
            start = time.perf_counter()
            try:
                await call(item)
            except ValueError:
                failures += 1
            latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return latencies, failures


async def compare_batchers(scorer: Any, documents: Sequence[Document], rounds: int) -> Table:
    table = Table("concurrency", "", "rate", "p50 ms", "p99 ms", "batch", "failed of 1% bad")
    contestants = build_contestants(scorer)
    for _, call in contestants.values():  # BentoML's dispatcher learns from about 60 requests
        await run_closed_loop(call, documents[:100], 4)
    for concurrency in CONCURRENCIES:
        results: dict[str, list[tuple[float, list[float], float]]] = {
            name: [] for name in contestants
        }
        for _ in range(rounds):
            for name, (batch_scorer, call) in contestants.items():
                batch_scorer.sizes.clear()
                start = time.perf_counter()
                latencies, _ = await run_closed_loop(call, documents, concurrency)
                rate = len(documents) / (time.perf_counter() - start)
                results[name].append((rate, latencies, float(np.mean(batch_scorer.sizes))))
        baseline = median(rate for rate, _, _ in results["one at a time"])
        for name, measurements in results.items():
            bad = [{**d, "bad": n % BAD_DOSSIER_INTERVAL == 0} for n, d in enumerate(documents)]
            _, failed = await run_closed_loop(contestants[name][1], bad, concurrency)
            p50, p99 = np.quantile(
                [s for _, samples, _ in measurements for s in samples], [0.5, 0.99]
            )
            ratio = median(rate for rate, _, _ in measurements) / baseline
            mean_size = np.mean([size for _, _, size in measurements])
            table.add_row(
                str(concurrency), name, f"{ratio:.2f}x",
                f"{p50 * 1e3:.1f}", f"{p99 * 1e3:.1f}", f"{mean_size:.1f}",
                f"{failed} of {len(range(0, len(bad), BAD_DOSSIER_INTERVAL))}",
            )  # fmt: skip
    return table


class FakeHistogram:
    """Histogram that stores observed values."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def observe(self, value: float) -> None:
        self.values.append(value)


def observe_batcher(batcher: Any) -> dict[str, FakeHistogram]:
    """Replace a batcher's Prometheus histograms by recording ones."""
    histograms = {
        "_batch_size_metric": FakeHistogram(),
        "_queue_seconds_metric": FakeHistogram(),
        "_compute_seconds_metric": FakeHistogram(),
    }
    for name, histogram in histograms.items():
        setattr(batcher, name, histogram)
    return histograms


async def measure_distributions(scoring: ScoringService, clients: Sequence[int]) -> Table:
    table = Table(
        "concurrency", "batcher", "batch p50/p90/p99", "wait ms", "compute ms", "answer ms"
    )
    for concurrency in CONCURRENCIES:
        for kind in (PREDICT, EXPLAIN):
            histograms = observe_batcher(getattr(scoring, f"_{kind}_batcher"))
            latencies, _ = await run_closed_loop(_build_call(scoring, kind), clients, concurrency)
            sizes, waits, computed = (histogram.values for histogram in histograms.values())
            table.add_row(
                str(concurrency), kind, _format_quantiles(sizes, 1), _format_quantiles(waits),
                _format_quantiles(computed), _format_quantiles(latencies),
            )  # fmt: skip
    return table


async def measure_interference(
    scoring: ScoringService, clients: Sequence[int], rounds: int
) -> Table:
    table = Table("predictions at concurrency 4", "p50 ms", "p99 ms", "explanations/s")
    predict, explain = _build_call(scoring, PREDICT), _build_call(scoring, EXPLAIN)
    alone: list[float] = []
    loaded: list[float] = []
    explanation_count, duration = 0, 0.0
    for _ in range(rounds):
        alone += (await run_closed_loop(predict, clients, 4))[0]
        start = time.perf_counter()
        stop = asyncio.Event()

        async def repeat(stop: asyncio.Event) -> int:
            count = 0
            while not stop.is_set():
                await explain(clients[count % len(clients)])
                count += 1
            return count

        explainers = [asyncio.create_task(repeat(stop)) for _ in range(16)]
        await asyncio.sleep(0.2)
        loaded += (await run_closed_loop(predict, clients, 4))[0]
        stop.set()
        explanation_count += sum(await asyncio.gather(*explainers))
        duration += time.perf_counter() - start
    for name, latencies, rate in (
        ("alone", alone, 0.0),
        ("beside explanations", loaded, explanation_count / duration),
    ):
        p50, p99 = np.quantile(latencies, [0.5, 0.99]) * 1e3
        table.add_row(name, f"{p50:.1f}", f"{p99:.1f}", f"{rate:.0f}")
    ratio = np.quantile(loaded, [0.5, 0.99]) / np.quantile(alone, [0.5, 0.99])
    table.add_row("ratio", f"{ratio[0]:.2f}x", f"{ratio[1]:.2f}x", "")
    return table


def _build_call(scoring: ScoringService, kind: str) -> AsyncCall:
    def send(client: int) -> Awaitable[Any]:
        context = CallContext(kind=kind, digest=digest_request(kind, b"%d" % client))
        return scoring.decide(ScoringRequest(client_id=client), context)

    return send


def _format_quantiles(values: Sequence[float], factor: float = 1e3) -> str:
    quantiles = np.quantile(values, QUANTILES) * factor
    return " / ".join(f"{value:.3g}" for value in quantiles)


@app.command()
def batching(
    rounds: Annotated[int, typer.Option(help="Rounds of each comparison.")] = 5,
    requests: Annotated[int, typer.Option(help="Requests per round.")] = 600,
) -> None:
    """Compare ways to batch requests, and report the service's batching under load."""
    import_lightgbm_alone()
    configure_libraries(get_settings())
    from stores.models.bento_store import (  # noqa: PLC0415 -- after what it reads
        find_bento_model,
        get_champion_tag,
        load_scorer,
    )

    settings, console = get_settings(), Console(width=140)
    scorer = load_scorer(find_bento_model(get_champion_tag(settings)))
    store = ClientStore(settings.clients_path)
    client_ids, _ = store.search("", requests)
    clients = [client_ids[index % len(client_ids)] for index in range(requests)]
    documents = [store.get_dossier(client) for client in clients]

    gc.collect()  # as the service does; otherwise garbage collection dominates the timings
    gc.freeze()

    async def run_all(folder: Path) -> None:
        console.print(await compare_batchers(scorer, documents, rounds))
        ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
        engine = DecisionEngine(scorer=scorer, clients=store, ledger=ledger, policy_on=load_policy)
        engine.warm_up()
        scoring = ScoringService(engine)
        await run_closed_loop(_build_call(scoring, EXPLAIN), clients[:100], 8)
        console.print(await measure_distributions(scoring, clients))
        console.print(await measure_interference(scoring, clients, rounds))
        scoring.close()

    with tempfile.TemporaryDirectory(dir=settings.home) as folder:
        uvloop.run(run_all(Path(folder)))


if __name__ == "__main__":
    app()
