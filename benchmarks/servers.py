"""The servers that are compared: all run at once, one is called at a time."""

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
from benchmarks.material import Material
from loadtests.target import free_ports, guest
from stores.settings import Settings

SOON = 300.0
"""Seconds a server may take to be ready: some fit a model first, and all start at once."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers."""

    http: int
    grpc: int
    process: subprocess.Popen[bytes]
    log: Path

    def cpu(self) -> float:
        """Processor seconds that it and its children have used."""
        whole = psutil.Process(self.process.pid)
        spent = [one.cpu_times() for one in (whole, *whole.children(recursive=True))]
        return sum(one.user + one.system for one in spent)


@contextmanager
def running(
    name: str, *, where: Settings, made: Material, folder: Path, mlserver: Path | None
) -> Iterator[Running]:
    """Start a server in a folder of its own, on free ports; it ends with the block.

    Raises:
        subprocess.CalledProcessError: it ended, or took too long; its log says why.
    """
    server, own = SERVERS[name], folder / name
    own.mkdir()
    ports = dict(zip(("http", "grpc", "metrics"), free_ports(3), strict=True))
    filled = {
        **{door: str(port) for door, port in ports.items()},
        "table": str(made.table),
        "model": str(made.model),
        "mlserver": str(mlserver),
        "mlserver_models": str(_mlserver_models(own, made)),
    }
    environment = {
        **guest(where, own),
        "CREDIT_HTTP_PORT": filled["http"],
        "CREDIT_GRPC_PORT": filled["grpc"],
        "BENTOML_HOME": str(own / "bentoml"),
        "OMP_NUM_THREADS": "1",
        # `mlflow models serve` starts uvicorn by its name.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **{name: said.format(**filled) for name, said in server.environment.items()},
    }
    command = [word.format(**filled) for word in server.command]
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        _wait(process, f"http://127.0.0.1:{ports['http']}{server.ready}", log)
        yield Running(http=ports["http"], grpc=ports["grpc"], process=process, log=log)
    finally:
        running = process.poll() is None
        family = psutil.Process(process.pid).children(recursive=True) if running else []
        process.terminate()
        for child in psutil.wait_procs(family, timeout=20)[1]:
            child.kill()
        process.wait(timeout=30)


def _mlserver_models(own: Path, made: Material) -> Path:
    models = own / "models"
    models.mkdir()
    settings = {
        "name": "credit",
        "implementation": "mlserver_lightgbm.LightGBMModel",
        "parameters": {"uri": str(made.model / "model.lgb")},
    }
    (models / "model-settings.json").write_text(json.dumps(settings))
    return models


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + SOON
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 -- our own server
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    said = log.read_text(errors="replace")[-2_000:]
    raise subprocess.CalledProcessError(process.returncode or 1, process.args, stderr=said)
