"""python -m benchmarks.malformed: rubbish at both doors of a served model, by the thousand.

Valid requests with bytes flipped, cut out, doubled or put in, JSON with a value replaced by
nonsense, and bytes that are neither HTTP nor gRPC. Told at the end: what was answered, whether a
worker died, and the memory of the workers along the way. It ends with 1 when a request got an
answer that blames us (5xx but 503 and 504, INTERNAL, UNKNOWN) or a worker died.

The service is that of the settings (CREDIT_HTTP_PORT, CREDIT_GRPC_PORT), and runs already.
"""

from __future__ import annotations

import copy
import json
import random
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Annotated, Any

import grpc
import httpx
import psutil
import typer
from rich.console import Console

from serving.proto.credit.scoring.v1 import scoring_pb2 as pb
from stores.console import Steps
from stores.settings import settings

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
SERVICE = pb.DESCRIPTOR.services_by_name["CreditScoring"].full_name
SAMPLES = 10
"""Looks at the workers' memory along the way."""

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
    """A valid request as JSON, one value or key of which is something else."""
    request = copy.deepcopy(VALID)
    place: Any = request
    while True:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], (dict, list)) or not place[key] or chance.random() < 1 / 4:
            break
        place = place[key]
    if isinstance(place, dict) and chance.random() < 1 / 4:
        place[f"{key}?"] = place.pop(key)
    else:
        place[key] = chance.choice(NONSENSE)
    return json.dumps(request).encode()


def over_http(client: httpx.Client, chance: random.Random) -> str:
    call = chance.choice(CALLS)
    body = nonsense(chance)
    if call == "predict_many":
        body = b'{"requests": [' + body + b"]}"
    if chance.random() < 1 / 2:
        body = spoilt(body, chance)
    return f"HTTP {client.post(f'/{call}', content=body).status_code}"


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
    return (told.startswith("HTTP 5") and told[-3:] not in {"503", "504"}) or told.endswith(
        ("INTERNAL", "UNKNOWN", "UNAVAILABLE")
    )


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
    count: Annotated[int, typer.Option(help="Requests.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the rubbish.")] = 0,
) -> None:
    """Send rubbish to the served model, and look at what it does to it."""
    where, console = settings(), Console()
    steps = Steps(console)
    before = {process.pid for process in workers(where.grpc_port)}
    told: Counter[str] = Counter()
    memory = []
    rubbish = requests(seed, where.http_port, where.grpc_port)
    marks = [count * n // SAMPLES for n in range(SAMPLES + 1)]
    for start, end in pairwise(marks):
        for _ in range(start, end):
            told[next(rubbish)()] += 1
        memory.append(sum(p.memory_info().rss for p in workers(where.grpc_port)) / 2**20)
        steps.say(f"{end:,} sent; the workers hold {memory[-1]:.0f} MB")
    for answer, times in sorted(told.items()):
        console.print(f"{answer:28} {times:6,}")
    died = {process.pid for process in workers(where.grpc_port)} != before
    console.print(f"Memory {' '.join(f'{mb:.0f}' for mb in memory)} MB")
    console.print("A worker died" if died else "The workers are those of the beginning")
    if died or any(map(blames_us, told)):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
