"""The smoke test of an image, with a stand-in for docker in front of a real service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.target import find_free_ports
from tests.support.services import ROOT, RunningService

DOCKER = f"""#!{sys.executable}
import os, subprocess, sys
said = sys.argv[1:]
if said[0] == "port":
    print(os.environ["HTTP"])
if said[0] == "exec" and said[2] == "id":
    print(os.environ["USER_ID"])
elif said[0] == "exec":
    inside = [word.replace("127.0.0.1:3001", os.environ["GRPC"]) for word in said[3:]]
    sys.exit(subprocess.run([sys.executable, *inside]).returncode)
"""


def smoke(
    service: RunningService, folder: Path, **changes: str
) -> subprocess.CompletedProcess[str]:
    docker = folder / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    http = service.url.removeprefix("http://")
    inside = {"HTTP": http, "GRPC": service.grpc, "USER_ID": "1034"} | changes
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run(
        [ROOT / "deploy" / "smoke-test", "an-image"],
        env={**os.environ, "PATH": path, **inside}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_image_that_answers_at_both_doors_passes(
    service: RunningService, tmp_path: Path
) -> None:
    done = smoke(service, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("an-image answers over HTTP and gRPC, as user 1034\n")


@pytest.mark.parametrize("wrong", ["GRPC", "USER_ID"])
def test_an_image_without_a_grpc_door_or_with_root_does_not(
    service: RunningService, tmp_path: Path, wrong: str
) -> None:
    [closed] = find_free_ports(1)
    changes = {"GRPC": f"127.0.0.1:{closed}", "USER_ID": "0"}
    assert smoke(service, tmp_path, **{wrong: changes[wrong]}).returncode != 0
