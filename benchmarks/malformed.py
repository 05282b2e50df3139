"""python -m benchmarks.malformed: rubbish at both doors of a served model, by the thousand.

Valid requests with bytes flipped, cut out, doubled or put in, JSON with values replaced by
nonsense or with thousands of unknown columns, paths and headers that nobody sends, and bytes that
are neither HTTP nor gRPC. Told at the end: what was answered, whether a worker died, and the
memory of the workers along the way, and how long another caller waited, whose requests were valid
all the time. It ends with 1 when a request got an answer that blames us
(5xx, and its like over gRPC: one request comes after the other, so nothing excuses being
overloaded or late), when a worker died, or when the workers' memory grew by more than a fifth
after the first tenth, or when the other caller was not answered. His longest wait is told and not
judged: it is the machine's as much as the service's.

The service is started for it, with a ledger that is thrown away. It needs a champion under
CREDIT_HOME.
"""

from __future__ import annotations

import copy
import json
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import pairwise
from statistics import median
from typing import Annotated, Any

import grpc
import httpx
import psutil
import typer
from rich.console import Console

from benchmarks.neighbour import BackgroundCaller
from loadtests.target import start_service
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb
from stores.cli import report_errors
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings

VALID_REQUEST: dict[str, Any] = {
    "dossier": {
        "application": {"AMT_CREDIT": 250_000, "AMT_INCOME_TOTAL": 90_000, "DAYS_BIRTH": -12_000},
        "bureau": [{"SK_ID_BUREAU": 1, "DAYS_CREDIT": -100, "CREDIT_ACTIVE": "Active"}],
        "bureau_balance": [{"SK_ID_BUREAU": 1, "MONTHS_BALANCE": -1, "STATUS": "0"}],
    },
    "changes": {"AMT_CREDIT": 200_000},
}
NONSENSE_VALUES: list[Any] = [
    None, True, "", "x" * 300, "\0", -1, 10**30, 1e300, [], [[[]]], {}, {"x": 1}, "NaN", 0.1,
]  # fmt: skip
ENDPOINTS = ("predict", "explain", "simulate", "predict_many")
PATH_TEMPLATES = (
    "/v1/decisions/{}", "/v1/clients/{}", "/v1/clients/{}/position?feature=income",
    "/v1/clients/100001/position?feature={}", "/v1/clients/100001/position?feature=income&by={}",
    "/v1/clients?prefix={}", "/v1/clients?limit={}", "/v1/{}", "/{}",
)  # fmt: skip
PATH_VALUES = (
    "", "%00", "%ff%fe", "%0a", "..%2f..%2fetc", "-1", "1e9", "9" * 400, "NaN", "null",
    "%F0%9F%92%A9", "' or 1=1 --", "{}", "a" * 2_000, "%25", "[]", "true",
)  # fmt: skip
MALFORMED_HEADERS = {
    b"Idempotency-Key": [b"", b"\xff\xfe", b"k" * 5_000, b"a\tb", b"caf\xc3\xa9", b"nul"],
    b"X-Request-Timeout": [b"", b"soon", b"nan", b"-1", b"0", b"1e400", b"\xff", b"0x10", b"1_0"],
    b"Content-Type": [b"", b"text/html", b"application/json; charset=utf-7", b"\xff", b"a;;="],
    b"X-Request-Id": [b"", b"\xff" * 100, b"x" * 3_000],
    b"Content-Encoding": [b"gzip", b"br", b"nonsense"],
}
"""None is a wish for less time than an answer takes."""
MAX_UNKNOWN_COLUMNS = 5_000
MAX_NESTING_DEPTH = 3_000
SERVER_FAULT_CODES = (
    "INTERNAL",
    "UNKNOWN",
    "UNAVAILABLE",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
)
GRPC_SERVICE = pb.DESCRIPTOR.services_by_name["CreditScoring"].full_name
MEMORY_SAMPLES = 10
"""Looks at the workers' memory along the way."""
MAX_MEMORY_GROWTH = 0.2
"""Of the workers' memory, as a share, from the first look to the last: a leak of 5 kB a request
would show in 10,000."""

app = typer.Typer(add_completion=False)


def corrupt_bytes(body: bytes, rng: random.Random) -> bytes:
    """The bytes with one to five things wrong."""
    corrupted = bytearray(body)
    for _ in range(rng.randint(1, 5)):
        start = rng.randrange(len(corrupted) + 1)
        end = min(start + rng.randint(0, 20), len(corrupted))
        noise = rng.randbytes(rng.randint(1, 20))
        corrupted[start:end] = rng.choice(
            [b"", corrupted[start:end] * 2, noise, b"\xff\xff\xff\x7f"]
        )
    return bytes(corrupted)


def build_nonsense_request(rng: random.Random) -> bytes:
    """A valid request as JSON, some values or keys of which are something else."""
    request = copy.deepcopy(VALID_REQUEST)
    # As often as not more than one, up to nothing being right.
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        corrupt_request(request, rng)
    return json.dumps(request).encode()


def corrupt_request(request: dict[str, Any], rng: random.Random) -> None:
    """Replace one value or key somewhere in a request."""
    node: Any = request
    while True:
        key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not isinstance(node[key], (dict, list)) or not node[key] or rng.random() < 1 / 4:
            break
        node = node[key]
    if isinstance(node, dict) and rng.random() < 1 / 4:
        node[f"{key}?"] = node.pop(key)
    else:
        node[key] = copy.deepcopy(rng.choice(NONSENSE_VALUES))


def build_unknown_columns_request(rng: random.Random) -> bytes:
    """A request of very many columns that nobody knows."""
    columns = {f"COLUMN_{rng.random()}": 1 for _ in range(rng.randint(100, MAX_UNKNOWN_COLUMNS))}
    section = rng.choice(["application", "bureau", "changes"])
    if section == "changes":
        return json.dumps({**VALID_REQUEST, "changes": columns}).encode()
    rows = columns if section == "application" else [columns]
    return json.dumps({"dossier": {**VALID_REQUEST["dossier"], section: rows}}).encode()


def build_deep_request(rng: random.Random) -> bytes:
    """A request that goes down very far, and perhaps does not come up again."""
    depth = rng.randint(50, MAX_NESTING_DEPTH)
    opening, closing = rng.choice([(b"[", b"]"), (b'{"x":', b"}")])
    body = b'{"dossier":' + opening * depth + b"1" + closing * depth + b"}"
    return body[: rng.choice([len(body), len(body) // 2])]


def send_http(client: httpx.Client, rng: random.Random) -> str:
    if rng.random() < 1 / 5:
        path = rng.choice(PATH_TEMPLATES).format(rng.choice(PATH_VALUES))
        return f"HTTP {client.get(path, headers=choose_headers(rng)).status_code}"
    call = rng.choice(ENDPOINTS)
    body = rng.choices(
        [build_nonsense_request, build_unknown_columns_request, build_deep_request], [18, 1, 1]
    )[0](rng)
    if call == "predict_many":
        body = b'{"requests": [' + body + b"]}"
    if rng.random() < 1 / 2:
        body = corrupt_bytes(body, rng)
    response = client.post(f"/{call}", content=body, headers=choose_headers(rng))
    return f"HTTP {response.status_code}"


def choose_headers(rng: random.Random) -> list[tuple[bytes, bytes]]:
    """As often as not none."""
    if rng.random() < 1 / 2:
        return []
    name = rng.choice(list(MALFORMED_HEADERS))
    return [(name, rng.choice(MALFORMED_HEADERS[name]))]


def send_grpc(channel: grpc.Channel, rng: random.Random) -> str:
    request = pb.ScoringRequest(changes_to_unknown=["AMT_ANNUITY"])
    form = request.dossier.application
    form.AMT_CREDIT, form.AMT_INCOME_TOTAL = rng.choice([250_000.0, -1.0, 1e300]), 90_000.0
    request.dossier.bureau.rows.add(SK_ID_BUREAU=1, DAYS_CREDIT=-100)
    name = rng.choice(["Predict", "Explain", "PredictMany"])
    is_batch = name == "PredictMany"
    message = pb.PredictManyRequest(requests=[request] * 3) if is_batch else request
    body = corrupt_bytes(message.SerializeToString(), rng)
    call: Any = (channel.unary_stream if is_batch else channel.unary_unary)(
        f"/{GRPC_SERVICE}/{name}"
    )
    try:
        response = call(body, timeout=60)
        if is_batch:
            list(response)
    except grpc.RpcError as error:
        return f"gRPC {error.code().name}"
    return "gRPC OK"


def send_raw_bytes(port: int, rng: random.Random) -> str:
    """Bytes that are no protocol, or the beginning of one."""
    opening = [b"", b"POST /predict HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(rng.choice(opening) + rng.randbytes(rng.randint(1, 400)))
        connection.shutdown(socket.SHUT_WR)
        try:
            while connection.recv(4_096):
                pass
        except OSError:
            return "raw: cut off"
    return "raw: closed"


def find_workers(port: int) -> list[psutil.Process]:
    """Those of our processes that listen on a port."""
    listening = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # somebody else's, or gone
            ports = process.net_connections("tcp")
            if any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for connection in ports
            ):
                listening.append(process)
    return listening


def is_server_fault(answer: str) -> bool:
    """Whether an answer says that the fault is ours.

    >>> [is_server_fault(told) for told in ("HTTP 503", "HTTP 422", "gRPC UNKNOWN", "gRPC NOT_FOUND")]
    [True, False, True, False]
    """
    return answer.startswith("HTTP 5") or answer.endswith(SERVER_FAULT_CODES)


def has_grown(memory: Sequence[float]) -> bool:
    """Whether the workers hold more in the end than they should.

    >>> has_grown([200, 230, 210]), has_grown([200, 210, 250])
    (False, True)
    """
    return memory[-1] > memory[0] * (1 + MAX_MEMORY_GROWTH)


def generate_requests(seed: int, http_port: int, grpc_port: int) -> Iterator[Callable[[], str]]:
    rng = random.Random(seed)  # noqa: S311 -- the same rubbish every time
    client = httpx.Client(base_url=f"http://127.0.0.1:{http_port}", timeout=60)
    channel = grpc.insecure_channel(f"127.0.0.1:{grpc_port}")
    while True:
        kind = rng.random()
        if kind < 1 / 2:
            yield lambda: send_http(client, rng)
        elif kind < 9 / 10:
            yield lambda: send_grpc(channel, rng)
        else:
            yield lambda: send_raw_bytes(rng.choice([http_port, grpc_port]), rng)


@app.command()
def malformed(
    count: Annotated[int, typer.Option(min=MEMORY_SAMPLES, help="Requests.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the rubbish.")] = 0,
) -> None:
    """Send rubbish to the served model, and look at what it does to it."""
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
        while (
            len(find_workers(grpc_port)) < settings.workers
        ):  # one is ready, others may come later
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
                steps.log(f"{end:,} sent; the workers hold {memory[-1]:.0f} MB")
        worker_died = {process.pid for process in find_workers(grpc_port)} != initial_pids
    for answer, occurrences in sorted(answers.items()):
        console.print(f"{answer:28} {occurrences:6,}")
    console.print(f"Memory {' '.join(f'{mb:.0f}' for mb in memory)} MB")
    console.print("A worker died" if worker_died else "The workers are those of the beginning")
    if has_grown(memory):
        console.print(f"They grew by more than {MAX_MEMORY_GROWTH:.0%}")
    latencies = background_caller.latencies
    console.print(
        f"A neighbour waited {median(latencies):.3f} s, at the longest {max(latencies):.3f} s, for "
        f"{len(latencies):,} predictions; {background_caller.failures.total()} were refused"
    )
    if (
        worker_died
        or has_grown(memory)
        or any(map(is_server_fault, answers))
        or background_caller.failures
    ):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
