"""The files that start the platform on one host, read as those who use them read them."""

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


def test_a_service_that_stops_has_the_time_it_gives_its_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.environ", {})  # the command sets what BentoML reads
    needed = Settings().grace_seconds
    assert needed > Settings().timeout
    assert needed < int(SERVICES["api"]["stop_grace_period"].removesuffix("s"))
    pod = yaml.safe_load((DEPLOY / "kubernetes" / "deployment.yaml").read_text())["spec"]
    [api] = pod["template"]["spec"]["containers"]
    *_, asleep = api["lifecycle"]["preStop"]["exec"]["command"]
    assert needed + int(asleep) < pod["template"]["spec"]["terminationGracePeriodSeconds"]
    command = build_serve_command(Settings())
    assert command[command.index("--timeout-graceful-shutdown") + 1] == str(needed)


def test_the_image_starts_a_dead_worker_anew_and_says_who_may_come() -> None:
    said = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    assert not [line for line in said if "BENTOML_CONTAINERIZED" in line]
    assert 'ENTRYPOINT ["python", "-m", "serving", "/app/bento"]' in said


def test_nothing_is_released_that_did_not_pass_the_gate() -> None:
    jobs = RELEASE["jobs"]
    assert ".ci/run" in [step.get("run") for step in jobs["gate"]["steps"]]
    assert (jobs["image"]["needs"], jobs["deploy"]["needs"]) == ("gate", "image")


def test_a_model_of_synthetic_clients_is_rolled_out_by_consent_only() -> None:
    assert RELEASE["jobs"]["deploy"]["if"] == "vars.DEPLOY_SYNTHETIC_MODEL == 'yes'"


def test_a_release_copies_all_that_compose_needs() -> None:
    [*_, step] = RELEASE["jobs"]["deploy"]["steps"]
    copied = re.search(r"^scp .*/id (.+) \"", step["run"], re.MULTILINE)
    assert copied
    folders = [ROOT / name for name in copied[1].split()]
    page = (DEPLOY / "page.Dockerfile").read_text()
    built = [ROOT / source for source in re.findall(r"^COPY (\w\S*) ", page, re.MULTILINE)]
    needed = [*MOUNTED, *built, DEPLOY / "compose.yaml", DEPLOY / "roll-out"]
    assert [path for path in needed if not {path, *path.parents} & set(folders)] == []


def test_every_file_that_is_mounted_is_there() -> None:
    assert MOUNTED
    assert all(path.exists() for path in MOUNTED)


def test_the_api_serves_the_clients_of_the_home_that_trains(tmp_path: Path) -> None:
    api = SERVICES["api"]
    [clients] = [mount for mount in api["volumes"] if isinstance(mount, dict)]
    assert Path(clients["source"]).name == Settings().clients_path.name
    served, given = tmp_path / "home", tmp_path / "clients.sqlite"
    served.mkdir()
    given.write_text("new")
    for name in ("clients.sqlite", "clients.sqlite-wal"):
        (served / name).write_text("old")
    shell, option, line = api["entrypoint"]
    line = line.replace("$$", "$").replace(f" {clients['target']} ", f" {given} ")
    served_by = line.replace("exec python -m serving /app/bento", 'cat "$CREDIT_HOME"/*')
    done = subprocess.run(
        [shell, option, served_by], env={"CREDIT_HOME": str(served), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "new"
