"""`python -m training.synthetic.calibrate`: real rows -> `parameters.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import Steps, errors_told
from training.synthetic.calibrate.parameters import derive
from training.synthetic.calibrate.real import read_real, real_folder
from training.synthetic.calibrate.writing import written
from training.synthetic.model import PARAMETERS


def main(
    real: Annotated[
        Path | None,
        typer.Option(
            help="Folder of real rows; else CREDIT_REAL_DATA, else ../shared/homecredit."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="File to write.")] = PARAMETERS,
) -> None:
    """Derive the aggregates from which synthetic tables are drawn.

    The same rows give the same file.
    """
    console = Console(stderr=True)
    steps = Steps(console)
    with errors_told(console):
        rows = read_real(real_folder(real))
        with steps.step("calibrating"):
            text = written(derive(rows))
        out.write_text(text, encoding="utf-8")
    steps.say(f"{out}: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    typer.run(main)
