"""Write `parameters.json` from real rows: `python -m training.synthetic.calibration`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import report_errors
from stores.progress import ProgressReporter
from training.synthetic.calibration.pipeline import derive_parameters
from training.synthetic.calibration.serialisation import format_parameters
from training.synthetic.calibration.source_data import read_real_data, resolve_real_data_folder
from training.synthetic.parameters import PARAMETERS_FILE


def main(
    real: Annotated[
        Path | None,
        typer.Option(
            help="Folder of real rows; default: CREDIT_REAL_DATA, then ../shared/homecredit."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="File to write.")] = PARAMETERS_FILE,
) -> None:
    """Estimate the parameters of the synthetic tables from real rows.

    The output is deterministic.
    """
    console = Console(stderr=True)
    steps = ProgressReporter(console)
    with report_errors(console):
        real_data = read_real_data(resolve_real_data_folder(real))
        with steps.step("calibrating"):
            text = format_parameters(derive_parameters(real_data))
        out.write_text(text, encoding="utf-8")
    steps.log(f"{out}: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    typer.run(main)
