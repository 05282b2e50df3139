"""The bill of materials: all that is installed, in a form that scanners read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from serving.packaging.sbom import INVENTORY_SCRIPT, ImageInventory, build_sbom

INSTALLED = ImageInventory(
    image={"ID": "debian", "VERSION_ID": "12"},
    interpreter="3.11.2",
    debian=[
        ("libgomp1", "12.2.0-14+deb12u1", "amd64", "gcc-12"),
        ("tzdata", "2025b-0+deb12u2", "all", "tzdata"),
    ],
    python=[("lightgbm", "4.7.0"), ("SQLAlchemy", "2.1.0")],
)


def read(text: str) -> dict[str, Any]:
    """A bill that CycloneDX's own schema lets through."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    whole: dict[str, Any] = json.loads(text)
    return whole


def test_everything_is_named_as_scanners_look_it_up() -> None:
    whole = read(build_sbom("credit-scoring:dev", INSTALLED))
    assert whole["metadata"]["component"]["name"] == "credit-scoring:dev"
    found = {one["name"]: one for one in whole["components"]}
    assert {name: one["version"] for name, one in found.items()} == {
        "debian": "12",
        "CPython": "3.11.2",
        "libgomp1": "12.2.0-14+deb12u1",
        "tzdata": "2025b-0+deb12u2",
        "lightgbm": "4.7.0",
        "sqlalchemy": "2.1.0",
    }
    assert found["libgomp1"]["purl"] == (
        "pkg:deb/debian/libgomp1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12"
    )
    assert found["sqlalchemy"]["purl"] == "pkg:pypi/sqlalchemy@2.1.0"


def test_the_same_package_in_two_architectures_is_two() -> None:
    twice = ImageInventory(
        image=INSTALLED.image,
        interpreter=INSTALLED.interpreter,
        debian=[("libgomp1", "12", arch, "gcc-12") for arch in ("amd64", "i386")],
        python=[],
    )
    assert len(read(build_sbom("two", twice))["components"]) == 4


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg-query is not here")
def test_an_interpreter_lists_what_is_installed_around_it() -> None:
    printed = subprocess.check_output([sys.executable, "-c", INVENTORY_SCRIPT], text=True)
    found = ImageInventory.from_json(printed)
    listed = {one["name"]: one["version"] for one in read(build_sbom("this", found))["components"]}
    shown = ["dpkg-query", "--show", "--showformat=${Version}", "base-files"]
    assert listed["base-files"] == subprocess.check_output(shown, text=True)
    assert listed["lightgbm"] == version("lightgbm")
