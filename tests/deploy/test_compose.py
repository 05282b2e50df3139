"""The files that start the platform on one host."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.cli.bentoml_commands import build_serve_command
from stores.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MOUNTED = [
    DEPLOY / volume.partition(":")[0]
    for service in SERVICES.values()
    for volume in service.get("volumes", ())
    if str(volume).startswith("./")
]
RELEASE = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def validate(schema: str, file: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout


def test_the_compose_file_matches_its_schema() -> None:
    validate("vendor.compose-spec", DEPLOY / "compose.yaml")


@pytest.mark.parametrize("workflow", ["check.yml", "release.yml"])
def test_workflows_match_their_schema(workflow: str) -> None:
    validate("vendor.github-workflows", ROOT / ".github" / "workflows" / workflow)


def test_every_image_has_a_version_tag() -> None:
    images = [service["image"] for service in SERVICES.values() if "image" in service]
    api_image, *other_images = images
    assert api_image.startswith("${IMAGE:?")
    assert all(re.search(r":v?\d+(\.\d+)+[\w-]*$", image) for image in other_images), images


def test_no_secret_is_in_the_compose_file() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|URL|KEY|TOKEN", name) and "//" not in str(value).split("@")[0]:
                assert re.fullmatch(r"\$\{\w+:\?.*\}|https?://.*", value), name
    assert "${LEDGER_PASSWORD:?}" in SERVICES["api"]["environment"]["CREDIT_LEDGER_URL"]


def test_every_port_is_on_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_a_service_that_stops_has_time_for_its_running_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.environ", {})  # the command sets what BentoML reads
    grace_seconds = Settings().grace_seconds
    assert grace_seconds > Settings().timeout
    assert grace_seconds < int(SERVICES["api"]["stop_grace_period"].removesuffix("s"))
    pod = yaml.safe_load((DEPLOY / "kubernetes" / "deployment.yaml").read_text())["spec"]
    [api] = pod["template"]["spec"]["containers"]
    *_, sleep_seconds = api["lifecycle"]["preStop"]["exec"]["command"]
    period = pod["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_seconds + int(sleep_seconds) < period
    command = build_serve_command(Settings())
    assert command[command.index("--timeout-graceful-shutdown") + 1] == str(grace_seconds)


def test_the_image_restarts_dead_workers_and_runs_the_serve_command() -> None:
    instructions = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    assert not [line for line in instructions if "BENTOML_CONTAINERIZED" in line]
    assert 'ENTRYPOINT ["python", "-m", "serving", "/app/bento"]' in instructions


def test_a_release_needs_the_gate() -> None:
    jobs = RELEASE["jobs"]
    assert ".ci/run" in [step.get("run") for step in jobs["gate"]["steps"]]
    assert (jobs["image"]["needs"], jobs["deploy"]["needs"]) == ("gate", "image")


def test_a_model_of_synthetic_clients_is_deployed_only_when_enabled() -> None:
    assert RELEASE["jobs"]["deploy"]["if"] == "vars.DEPLOY_SYNTHETIC_MODEL == 'yes'"


def test_a_release_copies_every_file_that_compose_needs() -> None:
    [*_, step] = RELEASE["jobs"]["deploy"]["steps"]
    copied = re.search(r"^scp .*/id (.+) \"", step["run"], re.MULTILINE)
    assert copied
    folders = [ROOT / name for name in copied[1].split()]
    page = (DEPLOY / "page.Dockerfile").read_text()
    built = [ROOT / source for source in re.findall(r"^COPY (\w\S*) ", page, re.MULTILINE)]
    needed = [*MOUNTED, *built, DEPLOY / "compose.yaml", DEPLOY / "roll-out"]
    assert [path for path in needed if not {path, *path.parents} & set(folders)] == []


def test_every_mounted_file_exists() -> None:
    assert MOUNTED
    assert all(path.exists() for path in MOUNTED)


def test_the_api_serves_the_clients_of_the_training_home(tmp_path: Path) -> None:
    api = SERVICES["api"]
    [clients] = [mount for mount in api["volumes"] if isinstance(mount, dict)]
    assert Path(clients["source"]).name == Settings().clients_path.name
    home, source = tmp_path / "home", tmp_path / "clients.sqlite"
    home.mkdir()
    source.write_text("new")
    for name in ("clients.sqlite", "clients.sqlite-wal"):
        (home / name).write_text("old")
    shell, option, line = api["entrypoint"]
    line = line.replace("$$", "$").replace(f" {clients['target']} ", f" {source} ")
    line = line.replace("exec python -m serving /app/bento", 'cat "$CREDIT_HOME"/*')
    completed = subprocess.run(
        [shell, option, line], env={"CREDIT_HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert completed.stdout == "new"
