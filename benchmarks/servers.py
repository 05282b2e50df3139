"""Start the compared servers: all run at once, one is called at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.contenders import SERVERS
from benchmarks.material import BenchmarkPayloads
from loadtests.target import build_service_environment, find_free_ports
from stores.progress import ProgressReporter
from stores.settings import Settings

START_TIMEOUT_SECONDS = 300.0
"""Seconds for a server to become ready: some train a model first, and all start at once."""


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A server that is ready."""

    http: int
    grpc: int
    process: subprocess.Popen[bytes]
    log: Path

    def cpu_seconds(self) -> float:
        """Processor seconds of the server and its children so far."""
        parent = psutil.Process(self.process.pid)
        times = [item.cpu_times() for item in (parent, *parent.children(recursive=True))]
        return sum(item.user + item.system for item in times)


def write_results(path: Path, results: object, steps: ProgressReporter) -> None:
    """Write results as JSON, and log where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1))
    steps.log(f"results: {path}")


@contextmanager
def start_server(
    name: str,
    *,
    settings: Settings,
    payloads: BenchmarkPayloads,
    folder: Path,
    mlserver: Path | None,
) -> Iterator[RunningServer]:
    """Start a server in its own folder on free ports; stop it when the block ends.

    Raises:
        subprocess.CalledProcessError: if it ends or is not ready in time; `stderr` holds its log.
    """
    server, server_folder = SERVERS[name], folder / name
    server_folder.mkdir()
    ports = dict(zip(("http", "grpc", "metrics"), find_free_ports(3), strict=True))
    substitutions = {
        **{kind: str(port) for kind, port in ports.items()},
        "table": str(payloads.table),
        "model": str(payloads.model),
        "mlserver": str(mlserver),
        "mlserver_models": str(_write_mlserver_models(server_folder, payloads)),
    }
    environment = {
        **build_service_environment(settings, server_folder),
        "CREDIT_HTTP_PORT": substitutions["http"],
        "CREDIT_GRPC_PORT": substitutions["grpc"],
        "BENTOML_HOME": str(server_folder / "bentoml"),
        "OMP_NUM_THREADS": "1",
        # `mlflow models serve` starts uvicorn by name, so it must be on PATH.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **{name: value.format(**substitutions) for name, value in server.environment.items()},
    }
    command = [argument.format(**substitutions) for argument in server.command]
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        _wait_until_ready(process, f"http://127.0.0.1:{ports['http']}{server.ready_path}", log)
        yield RunningServer(http=ports["http"], grpc=ports["grpc"], process=process, log=log)
    finally:
        _stop_process_tree(process)


def _stop_process_tree(process: subprocess.Popen[bytes]) -> None:
    is_alive = process.poll() is None
    children = psutil.Process(process.pid).children(recursive=True) if is_alive else []
    process.terminate()
    for child in psutil.wait_procs(children, timeout=20)[1]:
        child.kill()
    process.wait(timeout=30)


def _write_mlserver_models(server_folder: Path, payloads: BenchmarkPayloads) -> Path:
    models = server_folder / "models"
    models.mkdir()
    model_settings = {
        "name": "credit",
        "implementation": "mlserver_lightgbm.LightGBMModel",
        "parameters": {"uri": str(payloads.model / "model.lgb")},
    }
    (models / "model-settings.json").write_text(json.dumps(model_settings))
    return models


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 -- our own server
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    log_tail = log.read_text(errors="replace")[-2_000:]
    raise subprocess.CalledProcessError(process.returncode or 1, process.args, stderr=log_tail)
