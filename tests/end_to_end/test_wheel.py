"""Build the wheel and run commands from it, as a Spark executor or another project would."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from credit import __version__

ROOT = Path(__file__).parents[2]
PACKAGES = ("batch", "credit", "loadtests", "monitoring", "serving", "stores", "training", "ui")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        ".",
        "--no-deps",
        "--quiet",
        "-w",
        str(folder),
    ]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_its_packages_and_the_version(wheel: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files", "service.py", *PACKAGES],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(listing.stdout.split()) - set(zipfile.ZipFile(wheel).namelist()) == set()
    assert f"-{__version__}-" in wheel.name


@pytest.mark.slow
@pytest.mark.parametrize("module", ["training", "batch", "monitoring", "serving", "ui"])
def test_a_command_runs_from_the_wheel_alone(module: str, wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    run = subprocess.run(
        [sys.executable, "-m", module, "--version"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == f"{__version__}\n", run.stderr
