"""Build the service and its champion as a bento: `python -m serving.packaging.bento`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from serving.cli.bentoml_commands import build_bentoml_command, ensure_champion
from serving.packaging.image import make_image
from stores.cli import VersionOption, report_errors
from stores.progress import ProgressReporter
from stores.settings import get_settings

ROOT = Path(__file__).parents[2]

app = typer.Typer(add_completion=False)


@app.command()
def build(
    image: Annotated[
        str | None, typer.Option(help="Also build a container image under this name.")
    ] = None,
    *,
    _version: VersionOption = False,
) -> None:
    """Build the bento described by bentofile.yaml; the champion is packed in it."""
    console = Console()
    with report_errors(console):
        settings = get_settings()
    ensure_champion(settings, console)
    try:
        subprocess.run(build_bentoml_command(settings, "build", str(ROOT)), check=True)
        if image:
            with report_errors(console):
                make_image(settings, "credit_scoring:latest", image, ProgressReporter(console))
    except subprocess.CalledProcessError as error:
        raise typer.Exit(error.returncode) from error


if __name__ == "__main__":
    app()
