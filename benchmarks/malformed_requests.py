"""Generate malformed HTTP, gRPC and raw requests from a seed, and send them."""

from __future__ import annotations

import copy
import json
import random
import socket
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx

from serving.proto.credit.scoring.v1 import scoring_pb2 as pb

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
"""No value is a valid timeout shorter than a response takes."""

MAX_UNKNOWN_COLUMNS = 5_000

MAX_NESTING_DEPTH = 3_000

GRPC_SERVICE = pb.DESCRIPTOR.services_by_name["CreditScoring"].full_name


def corrupt_bytes(body: bytes, rng: random.Random) -> bytes:
    """Make one to five random changes to the bytes."""
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
    """Build a valid JSON request and replace some of its values or keys."""
    request = copy.deepcopy(VALID_REQUEST)
    # Half of the requests get more than one change, up to nothing being valid.
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
    """Build a request with very many unknown columns."""
    columns = {f"COLUMN_{rng.random()}": 1 for _ in range(rng.randint(100, MAX_UNKNOWN_COLUMNS))}
    section = rng.choice(["application", "bureau", "changes"])
    if section == "changes":
        return json.dumps({**VALID_REQUEST, "changes": columns}).encode()
    rows = columns if section == "application" else [columns]
    return json.dumps({"dossier": {**VALID_REQUEST["dossier"], section: rows}}).encode()


def build_deep_request(rng: random.Random) -> bytes:
    """Build a deeply nested request, sometimes without its closing brackets."""
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
    """Choose headers at random; half of the time none."""
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
    """Send bytes of no protocol, or the beginning of a valid one."""
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


def generate_requests(seed: int, http_port: int, grpc_port: int) -> Iterator[Callable[[], str]]:
    rng = random.Random(seed)  # noqa: S311 -- reproducible requests
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
