"""The files that start the platform on one host, read as those who use them read them."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def check(schema: str, file: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_compose_file_keeps_its_specification() -> None:
    check("vendor.compose-spec", DEPLOY / "compose.yaml")


@pytest.mark.parametrize("workflow", ["check.yml", "release.yml"])
def test_workflows_keep_their_specification(workflow: str) -> None:
    check("vendor.github-workflows", ROOT / ".github" / "workflows" / workflow)


def test_every_image_has_a_tag_and_none_is_the_latest() -> None:
    images = [said["image"] for said in SERVICES.values() if "image" in said]
    ours, *theirs = images
    assert ours.startswith("${IMAGE:?")
    assert all(re.search(r":v?\d+(\.\d+)+[\w-]*$", image) for image in theirs), theirs


def test_no_secret_is_written_down() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|URL|KEY|TOKEN", name) and "//" not in str(value).split("@")[0]:
                assert re.fullmatch(r"\$\{\w+:\?.*\}|https?://.*", value), name
    assert "${LEDGER_PASSWORD:?}" in SERVICES["api"]["environment"]["CREDIT_LEDGER_URL"]


def test_every_door_is_on_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [v for service in SERVICES.values() for v in service.get("volumes", ())]
    ours = [DEPLOY / v.partition(":")[0] for v in mounted if v.startswith("./")]
    assert ours
    assert all(path.exists() for path in ours)
