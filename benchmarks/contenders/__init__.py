"""What is compared: servers, each one process that serves, and the calls made to them."""

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
HERE = "benchmarks.contenders"


class Sent(StrEnum):
    """What a call carries."""

    CLIENT = "the id of a known client"
    DOSSIER = "a full dossier"
    FEATURES = "ready features, by name"
    FRAME = "ready features, as MLflow's dataframe_split"
    TENSOR = "ready features, as an Open Inference tensor"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A program that serves; `{http}`, `{grpc}`, `{home}` and the like are filled in."""

    command: tuple[str, ...]
    ready: str
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table: a call to a server."""

    name: str
    server: str
    path: str
    sent: Sent
    grpc: bool = False


SERVERS = {
    "bentoml-noop": Server(
        command=(*BENTOML, f"{HERE}.bentoml_noop:Noop", "--port", "{http}"), ready="/readyz"
    ),
    "fastapi-noop": Server(command=(*UVICORN, f"{HERE}.fastapi_noop:app"), ready="/readyz"),
    "fastapi-good": Server(command=(*UVICORN, f"{HERE}.fastapi_good:app"), ready="/readyz"),
    "fastapi-naive": Server(
        command=(*UVICORN, f"{HERE}.fastapi_naive:app"),
        ready="/readyz",
        environment={"BENCHMARK_TABLE": "{table}"},
    ),
    "mlflow": Server(
        command=(
            MLFLOW, "models", "serve", "--model-uri", "{model}", "--env-manager", "local",
            "--workers", "1", "--port", "{http}",
        ),
        ready="/ping",
    ),
    "mlserver": Server(
        command=("{mlserver}", "start", "{mlserver_models}"),
        ready="/v2/models/credit/ready",
        environment={
            "MLSERVER_HTTP_PORT": "{http}",
            "MLSERVER_GRPC_PORT": "{grpc}",
            "MLSERVER_METRICS_PORT": "{metrics}",
        },
    ),
    "ours": Server(command=(PYTHON, "-m", "serving"), ready="/readyz"),
    "ours-unrecorded": Server(
        command=(PYTHON, "-m", "serving", f"{HERE}.ours_unrecorded:CreditScoring"),
        ready="/readyz",
    ),
}  # fmt: skip

WELL_WRITTEN, NAIVE = "FastAPI, well written, by id", "FastAPI + pandas + scikit-learn"

ROWS = (
    Row(name="BentoML no-op", server="bentoml-noop", path="/predict", sent=Sent.CLIENT),
    Row(name="FastAPI no-op", server="fastapi-noop", path="/predict", sent=Sent.CLIENT),
    Row(name=WELL_WRITTEN, server="fastapi-good", path="/predict", sent=Sent.CLIENT),
    Row(
        name="FastAPI, well written, dossier",
        server="fastapi-good", path="/predict", sent=Sent.DOSSIER,
    ),
    Row(name=NAIVE, server="fastapi-naive", path="/predict", sent=Sent.FEATURES),
    Row(name="mlflow models serve", server="mlflow", path="/invocations", sent=Sent.FRAME),
    Row(name="MLServer", server="mlserver", path="/v2/models/credit/infer", sent=Sent.TENSOR),
    Row(name="ours, by id", server="ours", path="/predict", sent=Sent.CLIENT),
    Row(name="ours, dossier", server="ours", path="/predict", sent=Sent.DOSSIER),
    Row(name="ours, gRPC by id", server="ours", path="Predict", sent=Sent.CLIENT, grpc=True),
    Row(
        name="ours, by id, no ledger",
        server="ours-unrecorded", path="/predict", sent=Sent.CLIENT,
    ),
    Row(
        name="ours, dossier, no ledger",
        server="ours-unrecorded", path="/predict", sent=Sent.DOSSIER,
    ),
)  # fmt: skip
