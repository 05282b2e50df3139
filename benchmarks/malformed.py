"""Send thousands of malformed requests to a served model: `python -m benchmarks.malformed`.

Over HTTP and gRPC: valid requests with flipped, removed, repeated or inserted bytes; JSON with
nonsense values or thousands of unknown columns; invalid paths and headers; bytes of no protocol.
A background caller sends valid requests meanwhile. The report lists the responses, the memory of
the workers, and the latency of the background caller.

The exit code is 1 if
* a response is a server fault (5xx or its gRPC equivalent; requests come one at a time, so
  overload and timeouts count as faults too),
* a worker died,
* the workers' memory grew by more than 20 % after the first tenth of the requests, or
* a valid request of the background caller failed.
The background caller's latency is reported only: it depends on the machine too.

The command starts the service with a temporary ledger. Needs a champion under CREDIT_HOME.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from itertools import pairwise
from statistics import median
from typing import Annotated

import psutil
import typer
from rich.console import Console

from benchmarks.malformed_requests import VALID_REQUEST, generate_requests
from benchmarks.neighbour import BackgroundCaller
from loadtests.target import start_service
from stores.cli import report_errors
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings

SERVER_FAULT_CODES = (
    "INTERNAL",
    "UNKNOWN",
    "UNAVAILABLE",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
)

MEMORY_SAMPLES = 10
"""Number of memory measurements during the run."""

MAX_MEMORY_GROWTH = 0.2
"""Maximum growth of the workers' memory from the first measurement to the last, as a share.

A leak of 5 kB per request exceeds it within 10,000 requests.
"""

app = typer.Typer(add_completion=False)


def find_workers(port: int) -> list[psutil.Process]:
    """Find our processes that listen on a port."""
    listening = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # belongs to another user, or has ended
            ports = process.net_connections("tcp")
            if any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for connection in ports
            ):
                listening.append(process)
    return listening


def is_server_fault(answer: str) -> bool:
    """Return whether an answer blames the server.

    >>> [is_server_fault(a) for a in ("HTTP 503", "HTTP 422", "gRPC UNKNOWN", "gRPC NOT_FOUND")]
    [True, False, True, False]
    """
    return answer.startswith("HTTP 5") or answer.endswith(SERVER_FAULT_CODES)


def has_grown(memory: Sequence[float]) -> bool:
    """Return whether memory grew by more than `MAX_MEMORY_GROWTH`.

    >>> has_grown([200, 230, 210]), has_grown([200, 210, 250])
    (False, True)
    """
    return memory[-1] > memory[0] * (1 + MAX_MEMORY_GROWTH)


@app.command()
def malformed(
    count: Annotated[int, typer.Option(min=MEMORY_SAMPLES, help="Number of requests.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Random seed of the requests.")] = 0,
) -> None:
    """Send malformed requests to the served model, and check that it survives them."""
    console = Console()
    steps = ProgressReporter(console)
    with report_errors(console), ExitStack() as stack:
        settings = get_settings()
        configure_libraries(settings)
        with steps.step("starting the service"):
            target = stack.enter_context(start_service(settings, "service:CreditScoring"))
        http_port, grpc_port = (
            int(address.rpartition(":")[2]) for address in (target.host, target.grpc)
        )
        # The service is ready with its first worker; the others may follow.
        while len(find_workers(grpc_port)) < settings.workers:
            time.sleep(0.1)
        initial_pids = {process.pid for process in find_workers(grpc_port)}
        answers: Counter[str] = Counter()
        memory = []
        senders = generate_requests(seed, http_port, grpc_port)
        milestones = [count * n // MEMORY_SAMPLES for n in range(MEMORY_SAMPLES + 1)]
        background_caller = BackgroundCaller(http_port, VALID_REQUEST)
        with background_caller.keep_calling():
            for start, end in pairwise(milestones):
                for _ in range(start, end):
                    answers[next(senders)()] += 1
                memory.append(sum(p.memory_info().rss for p in find_workers(grpc_port)) / 2**20)
                steps.log(f"{end:,} sent; memory of the workers: {memory[-1]:.0f} MB")
        worker_died = {process.pid for process in find_workers(grpc_port)} != initial_pids
    _print_report(console, answers, memory, background_caller, worker_died=worker_died)
    if (
        worker_died
        or has_grown(memory)
        or any(map(is_server_fault, answers))
        or background_caller.failures
    ):
        raise typer.Exit(1)


def _print_report(
    console: Console,
    answers: Counter[str],
    memory: Sequence[float],
    background_caller: BackgroundCaller,
    *,
    worker_died: bool,
) -> None:
    for answer, occurrences in sorted(answers.items()):
        console.print(f"{answer:28} {occurrences:6,}")
    console.print(f"Memory of the workers: {' '.join(f'{mb:.0f}' for mb in memory)} MB")
    console.print("A worker died" if worker_died else "No worker died")
    if has_grown(memory):
        console.print(f"Memory grew by more than {MAX_MEMORY_GROWTH:.0%}")
    latencies = background_caller.latencies
    console.print(
        f"Background caller: {len(latencies):,} predictions, "
        f"{background_caller.failures.total()} failed; "
        f"latency {median(latencies):.3f} s (median), {max(latencies):.3f} s (maximum)"
    )


if __name__ == "__main__":
    app()
