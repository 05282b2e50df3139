"""`deploy/smoke-test`, with a stand-in for docker in front of a real service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.target import find_free_ports
from tests.support.services import ROOT, RunningService

FAKE_DOCKER = f"""#!{sys.executable}
import os, subprocess, sys
arguments = sys.argv[1:]
if arguments[0] == "port":
    print(os.environ["HTTP"])
if arguments[0] == "exec" and arguments[2] == "id":
    print(os.environ["USER_ID"])
elif arguments[0] == "exec":
    command = [word.replace("127.0.0.1:3001", os.environ["GRPC"]) for word in arguments[3:]]
    sys.exit(subprocess.run([sys.executable, *command]).returncode)
"""


def run_smoke_test(
    service: RunningService, folder: Path, **changes: str
) -> subprocess.CompletedProcess[str]:
    docker = folder / "docker"
    docker.write_text(FAKE_DOCKER)
    docker.chmod(0o755)
    http = service.url.removeprefix("http://")
    container = {"HTTP": http, "GRPC": service.grpc, "USER_ID": "1034"} | changes
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run(
        [ROOT / "deploy" / "smoke-test", "an-image"],
        env={**os.environ, "PATH": path, **container}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_image_that_answers_over_both_transports_passes(
    service: RunningService, tmp_path: Path
) -> None:
    completed = run_smoke_test(service, tmp_path)
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.endswith("an-image answers over HTTP and gRPC, as user 1034\n")


@pytest.mark.parametrize("wrong", ["GRPC", "USER_ID"])
def test_an_image_without_grpc_or_with_root_fails(
    service: RunningService, tmp_path: Path, wrong: str
) -> None:
    [closed] = find_free_ports(1)
    changes = {"GRPC": f"127.0.0.1:{closed}", "USER_ID": "0"}
    assert run_smoke_test(service, tmp_path, **{wrong: changes[wrong]}).returncode != 0
