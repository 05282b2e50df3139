"""python -m serving.packaging.bento: the champion and its service as a bento."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from serving.cli.bentoml_commands import bentoml_command, make_sure_of_a_champion
from serving.packaging.image import make_image
from stores.cli import Steps, errors_told
from stores.settings import settings

ROOT = Path(__file__).parents[2]

app = typer.Typer(add_completion=False)


@app.command()
def build(
    image: Annotated[
        str | None, typer.Option(help="Also build a container image under this name.")
    ] = None,
) -> None:
    """Build the bento described by bentofile.yaml, with the champion packed in it."""
    console = Console()
    with errors_told(console):
        where = settings()
    make_sure_of_a_champion(where, console)
    try:
        subprocess.run(bentoml_command(where, "build", str(ROOT)), check=True)
        if image:
            with errors_told(console):
                make_image(where, "credit_scoring:latest", image, Steps(console))
    except subprocess.CalledProcessError as error:
        raise typer.Exit(error.returncode) from error


if __name__ == "__main__":
    app()
