"""Declare the compared servers, one serving process each, and the calls made to them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

PYTHON = sys.executable
UVICORN = (
    PYTHON,
    "-m",
    "uvicorn",
    "--log-level",
    "warning",
    "--no-access-log",
    "--port",
    "{http}",
)
BENTOML = (str(Path(PYTHON).with_name("bentoml")), "serve", "--host", "127.0.0.1")
MLFLOW = str(Path(PYTHON).with_name("mlflow"))
PACKAGE = "benchmarks.contenders"


class PayloadKind(StrEnum):
    """Content of a request."""

    CLIENT = "the id of a known client"
    DOSSIER = "a full dossier"
    FEATURES = "ready features, by name"
    FRAME = "ready features, as MLflow's dataframe_split"
    TENSOR = "ready features, as an Open Inference tensor"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Command that serves; `{http}`, `{grpc}`, `{home}` and similar placeholders are filled in."""

    command: tuple[str, ...]
    ready_path: str
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BenchmarkRow:
    """A row of the result table: one kind of call to one server."""

    name: str
    server: str
    path: str
    payload: PayloadKind
    grpc: bool = False


SERVERS = {
    "bentoml-noop": Server(
        command=(*BENTOML, f"{PACKAGE}.bentoml_noop:Noop", "--port", "{http}"),
        ready_path="/readyz",
    ),
    "fastapi-noop": Server(
        command=(*UVICORN, f"{PACKAGE}.fastapi_noop:app"), ready_path="/readyz"
    ),
    "fastapi-good": Server(
        command=(*UVICORN, f"{PACKAGE}.fastapi_good:app"), ready_path="/readyz"
    ),
    "fastapi-naive": Server(
        command=(*UVICORN, f"{PACKAGE}.fastapi_naive:app"),
        ready_path="/readyz",
        environment={"BENCHMARK_TABLE": "{table}"},
    ),
    "mlflow": Server(
        command=(
            MLFLOW,
            "models",
            "serve",
            "--model-uri",
            "{model}",
            "--env-manager",
            "local",
            "--workers",
            "1",
            "--port",
            "{http}",
        ),
        ready_path="/ping",
    ),
    "mlserver": Server(
        command=("{mlserver}", "start", "{mlserver_models}"),
        ready_path="/v2/models/credit/ready",
        environment={
            "MLSERVER_HTTP_PORT": "{http}",
            "MLSERVER_GRPC_PORT": "{grpc}",
            "MLSERVER_METRICS_PORT": "{metrics}",
        },
    ),
    "ours": Server(command=(PYTHON, "-m", "serving"), ready_path="/readyz"),
    "ours-unrecorded": Server(
        command=(PYTHON, "-m", "serving", f"{PACKAGE}.ours_unrecorded:CreditScoring"),
        ready_path="/readyz",
    ),
}

WELL_WRITTEN, NAIVE = "FastAPI, well written, by id", "FastAPI + pandas + scikit-learn"

ROWS = (
    BenchmarkRow(
        name="BentoML no-op", server="bentoml-noop", path="/predict", payload=PayloadKind.CLIENT
    ),
    BenchmarkRow(
        name="FastAPI no-op", server="fastapi-noop", path="/predict", payload=PayloadKind.CLIENT
    ),
    BenchmarkRow(
        name=WELL_WRITTEN, server="fastapi-good", path="/predict", payload=PayloadKind.CLIENT
    ),
    BenchmarkRow(
        name="FastAPI, well written, dossier",
        server="fastapi-good",
        path="/predict",
        payload=PayloadKind.DOSSIER,
    ),
    BenchmarkRow(
        name=NAIVE, server="fastapi-naive", path="/predict", payload=PayloadKind.FEATURES
    ),
    BenchmarkRow(
        name="mlflow models serve", server="mlflow", path="/invocations", payload=PayloadKind.FRAME
    ),
    BenchmarkRow(
        name="MLServer",
        server="mlserver",
        path="/v2/models/credit/infer",
        payload=PayloadKind.TENSOR,
    ),
    BenchmarkRow(name="ours, by id", server="ours", path="/predict", payload=PayloadKind.CLIENT),
    BenchmarkRow(
        name="ours, dossier", server="ours", path="/predict", payload=PayloadKind.DOSSIER
    ),
    BenchmarkRow(
        name="ours, gRPC by id",
        server="ours",
        path="Predict",
        payload=PayloadKind.CLIENT,
        grpc=True,
    ),
    BenchmarkRow(
        name="ours, by id, no ledger",
        server="ours-unrecorded",
        path="/predict",
        payload=PayloadKind.CLIENT,
    ),
    BenchmarkRow(
        name="ours, dossier, no ledger",
        server="ours-unrecorded",
        path="/predict",
        payload=PayloadKind.DOSSIER,
    ),
)
