"""A bento's container image, by docker or, where no daemon answers, by buildah.

bento ──► deploy/Dockerfile ──► image ──► its size and its bill of materials
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from credit.errors import CreditError
from serving.packaging.sbom import LIST, Installed, bill
from stores.cli import Steps
from stores.settings import Settings, direct_libraries

DOCKERFILE = Path(__file__).parents[2] / "deploy" / "Dockerfile"

DEBIAN = "bookworm"
HUB = f"docker.io/library/python:3.11-slim-{DEBIAN}"
BASE = f"localhost/python:3.11-{DEBIAN}"
"""Where Docker's hub is out of reach: Python on Debian, made of Debian's own packages."""

PACKAGES = ("ca-certificates", "python3", "python3-venv", "usr-is-merged")
MERGED = "/usr/share/mmdebstrap/hooks/merged-usr"
"""Lays /bin and the like as links from the start. A package would do it later, and bring Perl."""

UNREAD = tuple(f"/usr/share/{what}/*" for what in ("doc", "man", "info", "locale", "lintian"))
"""What packages bring along and no service reads."""

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class NoBuilder(CreditError):
    """Neither docker with its daemon nor buildah is here."""

    code = "no-image-builder"


def make_image(where: Settings, bento: str, image: str, steps: Steps) -> None:
    """Build a bento's image under a name; tell its size; write its bill of materials.

    Raises:
        NoBuilder: nothing here can build images.
        subprocess.CalledProcessError: the build failed; it has said why.
    """
    builder, options = _builder(steps)
    direct_libraries(where)
    from bentoml import bentos  # noqa: PLC0415 -- it reads its environment at import

    with steps.step(f"{image} from {bento}"), tempfile.TemporaryDirectory() as folder:
        # Exported, a bento holds its model; in the store it only names it.
        context = bentos.get(bento).export(f"{folder}/bento", output_format="folder")
        _run(builder, "build", *options, "--file", str(DOCKERFILE), "--tag", image, context)
    listed = _bill_of_materials(where, builder, image)
    steps.say(f"{image}: {_size(builder, image) / 1e6:,.0f} MB; its bill of materials: {listed}")


def _builder(steps: Steps) -> tuple[str, list[str]]:
    """What builds images here, and its options."""
    if _succeeds("docker", "info"):
        return "docker", []
    if not _succeeds("buildah", "info"):
        raise NoBuilder("an image needs docker with its daemon, or buildah")
    # Without a daemon there may be no privileges either; a chroot needs the fewest.
    os.environ.setdefault("BUILDAH_ISOLATION", "chroot")
    # The other format knows no health checks.
    options = ["--format=docker", "--layers"]
    if CERTIFICATES.exists():
        options.append(f"--volume={CERTIFICATES}:{CERTIFICATES}:ro")
    if not _succeeds("buildah", "pull", "--quiet", HUB):
        if not _succeeds("buildah", "inspect", "--type", "image", BASE):
            with steps.step(f"{BASE}, of Debian's packages: no registry answers"):
                _make_base()
        options += [f"--build-arg=BASE={BASE}", "--pull-never"]
    return "buildah", options


def _make_base() -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/base.tar"
        unread = [f"--dpkgopt=path-exclude={pattern}" for pattern in UNREAD]
        include = f"--include={','.join(PACKAGES)}"
        options = ("--quiet", "--variant=minbase", f"--hook-dir={MERGED}", include, *unread)
        _run("mmdebstrap", *options, DEBIAN, archive)
        container = _run("buildah", "from", "scratch").strip()
        _run("buildah", "add", "--quiet", container, archive, "/")
        _run("buildah", "commit", "--quiet", "--rm", container, BASE)


def _size(builder: str, image: str) -> int:
    """Bytes of an image, unpacked."""
    if builder == "docker":
        return int(_run("docker", "inspect", "--format", "{{.Size}}", image))
    listed = json.loads(_run("buildah", "images", "--json", "--filter", f"reference={image}"))
    return int(float(listed[0]["size"].split()[0]) * 1e6)


def _bill_of_materials(where: Settings, builder: str, image: str) -> Path:
    """What an image holds, in CycloneDX, as its own interpreter lists it."""
    path = where.home / "reports" / "sbom.cdx.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(bill(image, Installed.read(_within(builder, image, "python", "-c", LIST))))
    return path


def _within(builder: str, image: str, program: str, *arguments: str) -> str:
    """What a program of the image prints."""
    if builder == "docker":
        return _run("docker", "run", "--rm", "--entrypoint", program, image, *arguments)
    container = _run("buildah", "from", "--pull-never", image).strip()
    try:
        return _run("buildah", "run", container, "--", program, *arguments)
    finally:
        _run("buildah", "rm", container)


def _succeeds(*command: str) -> bool:
    try:
        return not subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


def _run(*command: str) -> str:
    """What a command prints; its complaints go where ours do."""
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout
