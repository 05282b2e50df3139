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

from benchmarks.neighbour import Neighbour
from loadtests.target import started
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb
from stores.cli import Steps, errors_told
from stores.settings import direct_libraries, settings

VALID: dict[str, Any] = {
    "dossier": {
        "application": {"AMT_CREDIT": 250_000, "AMT_INCOME_TOTAL": 90_000, "DAYS_BIRTH": -12_000},
        "bureau": [{"SK_ID_BUREAU": 1, "DAYS_CREDIT": -100, "CREDIT_ACTIVE": "Active"}],
        "bureau_balance": [{"SK_ID_BUREAU": 1, "MONTHS_BALANCE": -1, "STATUS": "0"}],
    },
    "changes": {"AMT_CREDIT": 200_000},
}
NONSENSE: list[Any] = [
    None, True, "", "x" * 300, "\0", -1, 10**30, 1e300, [], [[[]]], {}, {"x": 1}, "NaN", 0.1,
]  # fmt: skip
CALLS = ("predict", "explain", "simulate", "predict_many")
PATHS = (
    "/v1/decisions/{}", "/v1/clients/{}", "/v1/clients/{}/position?feature=income",
    "/v1/clients/100001/position?feature={}", "/v1/clients/100001/position?feature=income&by={}",
    "/v1/clients?prefix={}", "/v1/clients?limit={}", "/v1/{}", "/{}",
)  # fmt: skip
WORDS = (
    "", "%00", "%ff%fe", "%0a", "..%2f..%2fetc", "-1", "1e9", "9" * 400, "NaN", "null",
    "%F0%9F%92%A9", "' or 1=1 --", "{}", "a" * 2_000, "%25", "[]", "true",
)  # fmt: skip
HEADERS = {
    b"Idempotency-Key": [b"", b"\xff\xfe", b"k" * 5_000, b"a\tb", b"caf\xc3\xa9", b"nul"],
    b"X-Request-Timeout": [b"", b"soon", b"nan", b"-1", b"0", b"1e400", b"\xff", b"0x10", b"1_0"],
    b"Content-Type": [b"", b"text/html", b"application/json; charset=utf-7", b"\xff", b"a;;="],
    b"X-Request-Id": [b"", b"\xff" * 100, b"x" * 3_000],
    b"Content-Encoding": [b"gzip", b"br", b"nonsense"],
}
"""None is a wish for less time than an answer takes."""
MOST_UNKNOWN = 5_000
DEEPEST = 3_000
OURS = ("INTERNAL", "UNKNOWN", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")
SERVICE = pb.DESCRIPTOR.services_by_name["CreditScoring"].full_name
SAMPLES = 10
"""Looks at the workers' memory along the way."""
MOST_GROWTH = 0.2
"""Of the workers' memory, as a share, from the first look to the last: a leak of 5 kB a request
would show in 10,000."""

app = typer.Typer(add_completion=False)


def spoilt(body: bytes, chance: random.Random) -> bytes:
    """The bytes with one to five things wrong."""
    made = bytearray(body)
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(made) + 1)
        end = min(place + chance.randint(0, 20), len(made))
        noise = chance.randbytes(chance.randint(1, 20))
        made[place:end] = chance.choice([b"", made[place:end] * 2, noise, b"\xff\xff\xff\x7f"])
    return bytes(made)


def nonsense(chance: random.Random) -> bytes:
    """A valid request as JSON, some values or keys of which are something else."""
    request = copy.deepcopy(VALID)
    # As often as not more than one, up to nothing being right.
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        spoil(request, chance)
    return json.dumps(request).encode()


def spoil(request: dict[str, Any], chance: random.Random) -> None:
    """Replace one value or key somewhere in a request."""
    place: Any = request
    while True:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], (dict, list)) or not place[key] or chance.random() < 1 / 4:
            break
        place = place[key]
    if isinstance(place, dict) and chance.random() < 1 / 4:
        place[f"{key}?"] = place.pop(key)
    else:
        place[key] = copy.deepcopy(chance.choice(NONSENSE))


def unknown(chance: random.Random) -> bytes:
    """A request of very many columns that nobody knows."""
    many = {f"COLUMN_{chance.random()}": 1 for _ in range(chance.randint(100, MOST_UNKNOWN))}
    where = chance.choice(["application", "bureau", "changes"])
    if where == "changes":
        return json.dumps({**VALID, "changes": many}).encode()
    rows = many if where == "application" else [many]
    return json.dumps({"dossier": {**VALID["dossier"], where: rows}}).encode()


def deep(chance: random.Random) -> bytes:
    """A request that goes down very far, and perhaps does not come up again."""
    down = chance.randint(50, DEEPEST)
    opened, closed = chance.choice([(b"[", b"]"), (b'{"x":', b"}")])
    body = b'{"dossier":' + opened * down + b"1" + closed * down + b"}"
    return body[: chance.choice([len(body), len(body) // 2])]


def over_http(client: httpx.Client, chance: random.Random) -> str:
    if chance.random() < 1 / 5:
        path = chance.choice(PATHS).format(chance.choice(WORDS))
        return f"HTTP {client.get(path, headers=headers(chance)).status_code}"
    call = chance.choice(CALLS)
    body = chance.choices([nonsense, unknown, deep], [18, 1, 1])[0](chance)
    if call == "predict_many":
        body = b'{"requests": [' + body + b"]}"
    if chance.random() < 1 / 2:
        body = spoilt(body, chance)
    answer = client.post(f"/{call}", content=body, headers=headers(chance))
    return f"HTTP {answer.status_code}"


def headers(chance: random.Random) -> list[tuple[bytes, bytes]]:
    """As often as not none."""
    if chance.random() < 1 / 2:
        return []
    name = chance.choice(list(HEADERS))
    return [(name, chance.choice(HEADERS[name]))]


def over_grpc(channel: grpc.Channel, chance: random.Random) -> str:
    request = pb.ScoringRequest(changes_to_unknown=["AMT_ANNUITY"])
    form = request.dossier.application
    form.AMT_CREDIT, form.AMT_INCOME_TOTAL = chance.choice([250_000.0, -1.0, 1e300]), 90_000.0
    request.dossier.bureau.rows.add(SK_ID_BUREAU=1, DAYS_CREDIT=-100)
    name = chance.choice(["Predict", "Explain", "PredictMany"])
    many = name == "PredictMany"
    message = pb.PredictManyRequest(requests=[request] * 3) if many else request
    body = spoilt(message.SerializeToString(), chance)
    ask: Any = (channel.unary_stream if many else channel.unary_unary)(f"/{SERVICE}/{name}")
    try:
        answer = ask(body, timeout=60)
        if many:
            list(answer)
    except grpc.RpcError as error:
        return f"gRPC {error.code().name}"
    return "gRPC OK"


def raw(port: int, chance: random.Random) -> str:
    """Bytes that are no protocol, or the beginning of one."""
    opening = [b"", b"POST /predict HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(chance.choice(opening) + chance.randbytes(chance.randint(1, 400)))
        connection.shutdown(socket.SHUT_WR)
        try:
            while connection.recv(4_096):
                pass
        except OSError:
            return "raw: cut off"
    return "raw: closed"


def workers(port: int) -> list[psutil.Process]:
    """Those of our processes that listen on a port."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # somebody else's, or gone
            ports = process.net_connections("tcp")
            if any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in ports):
                found.append(process)
    return found


def blames_us(told: str) -> bool:
    """Whether an answer says that the fault is ours.

    >>> [blames_us(told) for told in ("HTTP 503", "HTTP 422", "gRPC UNKNOWN", "gRPC NOT_FOUND")]
    [True, False, True, False]
    """
    return told.startswith("HTTP 5") or told.endswith(OURS)


def grew(memory: Sequence[float]) -> bool:
    """Whether the workers hold more in the end than they should.

    >>> grew([200, 230, 210]), grew([200, 210, 250])
    (False, True)
    """
    return memory[-1] > memory[0] * (1 + MOST_GROWTH)


def requests(seed: int, http_port: int, grpc_port: int) -> Iterator[Callable[[], str]]:
    chance = random.Random(seed)  # noqa: S311 -- the same rubbish every time
    client = httpx.Client(base_url=f"http://127.0.0.1:{http_port}", timeout=60)
    channel = grpc.insecure_channel(f"127.0.0.1:{grpc_port}")
    while True:
        kind = chance.random()
        if kind < 1 / 2:
            yield lambda: over_http(client, chance)
        elif kind < 9 / 10:
            yield lambda: over_grpc(channel, chance)
        else:
            yield lambda: raw(chance.choice([http_port, grpc_port]), chance)


@app.command()
def malformed(
    count: Annotated[int, typer.Option(min=SAMPLES, help="Requests.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the rubbish.")] = 0,
) -> None:
    """Send rubbish to the served model, and look at what it does to it."""
    console = Console()
    steps = Steps(console)
    with errors_told(console), ExitStack() as stack:
        where = settings()
        direct_libraries(where)
        with steps.step("starting the service"):
            target = stack.enter_context(started(where, "service:CreditScoring"))
        http_port, grpc_port = (
            int(door.rpartition(":")[2]) for door in (target.host, target.grpc)
        )
        while len(workers(grpc_port)) < where.workers:  # one is ready, others may come later
            time.sleep(0.1)
        before = {process.pid for process in workers(grpc_port)}
        told: Counter[str] = Counter()
        memory = []
        rubbish = requests(seed, http_port, grpc_port)
        marks = [count * n // SAMPLES for n in range(SAMPLES + 1)]
        neighbour = Neighbour(http_port, VALID)
        with neighbour.asking():
            for start, end in pairwise(marks):
                for _ in range(start, end):
                    told[next(rubbish)()] += 1
                memory.append(sum(p.memory_info().rss for p in workers(grpc_port)) / 2**20)
                steps.say(f"{end:,} sent; the workers hold {memory[-1]:.0f} MB")
        died = {process.pid for process in workers(grpc_port)} != before
    for answer, times in sorted(told.items()):
        console.print(f"{answer:28} {times:6,}")
    console.print(f"Memory {' '.join(f'{mb:.0f}' for mb in memory)} MB")
    console.print("A worker died" if died else "The workers are those of the beginning")
    if grew(memory):
        console.print(f"They grew by more than {MOST_GROWTH:.0%}")
    waits = neighbour.waits
    console.print(
        f"A neighbour waited {median(waits):.3f} s, at the longest {max(waits):.3f} s, for "
        f"{len(waits):,} predictions; {neighbour.refused.total()} were refused"
    )
    if died or grew(memory) or any(map(blames_us, told)) or neighbour.refused:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
