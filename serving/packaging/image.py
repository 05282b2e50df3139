"""Build a bento's container image with docker or, if no daemon answers, with buildah.

bento ──► deploy/Dockerfile ──► image ──► size and bill of materials
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from credit.errors import CreditError
from serving.packaging.sbom import INVENTORY_SCRIPT, ImageInventory, build_sbom
from stores.progress import ProgressReporter
from stores.settings import Settings, configure_libraries

DOCKERFILE = Path(__file__).parents[2] / "deploy" / "Dockerfile"

DEBIAN_RELEASE = "bookworm"
HUB_IMAGE = f"docker.io/library/python:3.11-slim-{DEBIAN_RELEASE}"
BASE_IMAGE = f"localhost/python:3.11-{DEBIAN_RELEASE}"
"""Python on Debian, built from Debian's packages when Docker Hub cannot be reached."""

BASE_PACKAGES = ("ca-certificates", "python3", "python3-venv", "usr-is-merged")
MERGED_USR_HOOK = "/usr/share/mmdebstrap/hooks/merged-usr"
"""Creates /bin and similar as links. The package that does this later depends on Perl."""

EXCLUDED_PATHS = tuple(
    f"/usr/share/{folder}/*" for folder in ("doc", "man", "info", "locale", "lintian")
)
"""Documentation and translations, which the service does not need."""

CA_BUNDLE_PATH = Path("/etc/ssl/certs/ca-certificates.crt")


class NoImageBuilder(CreditError):
    """Neither docker with its daemon nor buildah is available."""

    code = "no-image-builder"


def make_image(settings: Settings, bento: str, image: str, progress: ProgressReporter) -> None:
    """Build the image of a bento, report its size, and write its bill of materials.

    Args:
        settings: Settings of the home with the BentoML store that holds the bento.
        bento: Tag of the bento.
        image: Name of the image.
        progress: Reports the steps.

    Raises:
        NoImageBuilder: Neither docker nor buildah is available.
        subprocess.CalledProcessError: The build failed; its output has the reason.
    """
    builder, options = _find_builder(progress)
    configure_libraries(settings)
    from bentoml import bentos  # noqa: PLC0415 -- after `configure_libraries`

    with progress.step(f"{image} from {bento}"), tempfile.TemporaryDirectory() as folder:
        # An exported bento contains its model; one in the store only names it.
        context = bentos.get(bento).export(f"{folder}/bento", output_format="folder")
        _run(builder, "build", *options, "--file", str(DOCKERFILE), "--tag", image, context)
    sbom_path = _write_sbom(settings, builder, image)
    progress.log(
        f"{image}: {_get_image_bytes(builder, image) / 1e6:,.0f} MB, bill of materials {sbom_path}"
    )


def _find_builder(progress: ProgressReporter) -> tuple[str, list[str]]:
    """Return the program that builds images here, and its options."""
    if _succeeds("docker", "info"):
        return "docker", []
    if not _succeeds("buildah", "info"):
        raise NoImageBuilder("an image needs docker with its daemon, or buildah")
    # Where no daemon runs, privileges may be missing as well; chroot needs the fewest.
    os.environ.setdefault("BUILDAH_ISOLATION", "chroot")
    # The default format, OCI, has no health checks.
    options = ["--format=docker", "--layers"]
    if CA_BUNDLE_PATH.exists():
        options.append(f"--volume={CA_BUNDLE_PATH}:{CA_BUNDLE_PATH}:ro")
    if not _succeeds("buildah", "pull", "--quiet", HUB_IMAGE):
        if not _succeeds("buildah", "inspect", "--type", "image", BASE_IMAGE):
            with progress.step(f"{BASE_IMAGE} from Debian packages: no registry answers"):
                _build_base_image()
        options += [f"--build-arg=BASE={BASE_IMAGE}", "--pull-never"]
    return "buildah", options


def _build_base_image() -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/base.tar"
        exclusions = [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED_PATHS]
        include = f"--include={','.join(BASE_PACKAGES)}"
        options = (
            "--quiet",
            "--variant=minbase",
            f"--hook-dir={MERGED_USR_HOOK}",
            include,
            *exclusions,
        )
        _run("mmdebstrap", *options, DEBIAN_RELEASE, archive)
        container = _run("buildah", "from", "scratch").strip()
        _run("buildah", "add", "--quiet", container, archive, "/")
        _run("buildah", "commit", "--quiet", "--rm", container, BASE_IMAGE)


def _get_image_bytes(builder: str, image: str) -> int:
    """Return the unpacked size of an image."""
    if builder == "docker":
        return int(_run("docker", "inspect", "--format", "{{.Size}}", image))
    images = json.loads(_run("buildah", "images", "--json", "--filter", f"reference={image}"))
    return int(float(images[0]["size"].split()[0]) * 1e6)


def _write_sbom(settings: Settings, builder: str, image: str) -> Path:
    """Write the bill of materials of an image and return its path."""
    path = settings.home / "reports" / "sbom.cdx.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    inventory = ImageInventory.from_json(
        _run_in_image(builder, image, "python", "-c", INVENTORY_SCRIPT)
    )
    path.write_text(build_sbom(image, inventory))
    return path


def _run_in_image(builder: str, image: str, program: str, *arguments: str) -> str:
    """Return what a program prints when it runs in the image."""
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
    """Return what a command prints; its error output is passed through."""
    completed = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    return completed.stdout
