"""The bill of materials lists everything installed in a form that scanners read."""

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


def parse_sbom(text: str) -> dict[str, Any]:
    """Validate a bill with CycloneDX's schema and return it."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    sbom: dict[str, Any] = json.loads(text)
    return sbom


def test_components_are_named_as_scanners_expect() -> None:
    sbom = parse_sbom(build_sbom("credit-scoring:dev", INSTALLED))
    assert sbom["metadata"]["component"]["name"] == "credit-scoring:dev"
    components = {component["name"]: component for component in sbom["components"]}
    assert {name: component["version"] for name, component in components.items()} == {
        "debian": "12",
        "CPython": "3.11.2",
        "libgomp1": "12.2.0-14+deb12u1",
        "tzdata": "2025b-0+deb12u2",
        "lightgbm": "4.7.0",
        "sqlalchemy": "2.1.0",
    }
    assert components["libgomp1"]["purl"] == (
        "pkg:deb/debian/libgomp1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12"
    )
    assert components["sqlalchemy"]["purl"] == "pkg:pypi/sqlalchemy@2.1.0"


def test_a_package_in_two_architectures_is_two_components() -> None:
    twice = ImageInventory(
        image=INSTALLED.image,
        interpreter=INSTALLED.interpreter,
        debian=[("libgomp1", "12", arch, "gcc-12") for arch in ("amd64", "i386")],
        python=[],
    )
    assert len(parse_sbom(build_sbom("two", twice))["components"]) == 4


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg-query is absent")
def test_the_inventory_script_lists_what_is_installed() -> None:
    printed = subprocess.check_output([sys.executable, "-c", INVENTORY_SCRIPT], text=True)
    sbom = parse_sbom(build_sbom("this", ImageInventory.from_json(printed)))
    versions = {component["name"]: component["version"] for component in sbom["components"]}
    query = ["dpkg-query", "--show", "--showformat=${Version}", "base-files"]
    assert versions["base-files"] == subprocess.check_output(query, text=True)
    assert versions["lightgbm"] == version("lightgbm")
