"""`python -m training.synthetic.calibration`: real rows -> `parameters.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import Steps, errors_told
from training.synthetic.calibration.pipeline import derive
from training.synthetic.calibration.serialisation import written
from training.synthetic.calibration.source_data import read_real, real_folder
from training.synthetic.parameters import PARAMETERS


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
