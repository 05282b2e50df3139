"""Build the bill of materials of an image: everything installed in it, in CycloneDX.

image ──► its own Python lists ──► system, Debian packages, Python packages ──► JSON
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

INVENTORY_SCRIPT = """
import json, platform, subprocess
from importlib.metadata import distributions
row_format = "${Package} ${Version} ${Architecture} ${source:Package} ${db:Status-Status}\\n"
lines = subprocess.check_output(["dpkg-query", "--show", "--showformat=" + row_format], text=True)
rows = [line.split() for line in lines.splitlines()]
print(json.dumps({
    "image": platform.freedesktop_os_release(),
    "interpreter": platform.python_version(),
    "debian": [row for *row, status in rows if status == "installed"],
    "python": [(package.name, package.version) for package in distributions()],
}))
"""
"""Script that the image's own Python runs."""


@dataclass(frozen=True, kw_only=True)
class ImageInventory:
    """What an image holds, as `INVENTORY_SCRIPT` prints it."""

    image: dict[str, str]
    """Keys and values of `/etc/os-release`."""
    interpreter: str
    debian: list[tuple[str, str, str, str]]
    """Name, version, architecture, and source package, which Debian's advisories refer to."""
    python: list[tuple[str, str]]
    """Name and version."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


def build_sbom(image: str, inventory: ImageInventory) -> str:
    """Return the bill of materials of an image of this name, as CycloneDX 1.6 in JSON."""
    system, release = inventory.image["ID"], inventory.image.get("VERSION_ID", "unreleased")
    distribution = {"distro": f"{system}-{release}"}
    packages = [
        PackageURL("deb", system, name, version, {"arch": arch, "upstream": source} | distribution)
        for name, version, arch, source in inventory.debian
    ]
    packages += [PackageURL("pypi", None, name, version) for name, version in inventory.python]
    bom = Bom(
        components=[
            Component(type=ComponentType.OPERATING_SYSTEM, name=system, version=release),
            Component(type=ComponentType.PLATFORM, name="CPython", version=inventory.interpreter),
            *map(_to_library_component, packages),
        ]
    )
    bom.metadata.component = Component(type=ComponentType.CONTAINER, name=image)
    bom.register_dependency(bom.metadata.component, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _to_library_component(url: PackageURL) -> Component:
    return Component(
        type=ComponentType.LIBRARY, name=url.name, version=url.version, purl=url, bom_ref=str(url)
    )
