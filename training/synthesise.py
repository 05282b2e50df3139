"""Synthetic tables, any number of clients: `python -m training.synthesise`.

    seed -> blocks of clients -> eight files that hold together

They have the columns, the words, the gaps and the difficulty of the public data set, of which only
aggregates are used (`training/synthetic/parameters.json`); no client in them ever existed.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from stores.cli import report_errors
from stores.progress import ProgressCallback, ProgressReporter
from training.synthetic.generator import TABLE_NAMES, IdAllocator, generate_block_tables
from training.synthetic.parameters import read_population_model
from training.synthetic.sampling.marginals import Mask
from training.synthetic.writer import TableWriter

CLIENTS_PER_BLOCK = 10_000
"""Clients drawn at a time. It bounds memory, and is part of what a seed means."""

TEST_SHARE = 48_744 / 356_255
"""The source's clients in `application_test`, of all."""


class TableFormat(StrEnum):
    """How the tables are written."""

    CSV = "csv"
    PARQUET = "parquet"


def synthesise_tables(
    clients: int,
    out: Path,
    *,
    seed: int = 0,
    file_format: str = "parquet",
    advance: ProgressCallback | None = None,
) -> None:
    """Write the eight files into `out`, where they appear only when all are complete, marked.

    The same seed and number of clients give the same bytes. `advance` is told of clients done.

    Raises:
        InvalidTables: older files in `out` would be read instead of the new ones.
    """
    model = read_population_model()
    is_test = _draw_test_mask(clients, seed)
    ids = IdAllocator()
    with TableWriter(out, TABLE_NAMES, TableFormat(file_format)) as files:
        for block, start in enumerate(range(0, clients, CLIENTS_PER_BLOCK)):
            rng = np.random.default_rng([seed, block])
            block_is_test = is_test[start : start + CLIENTS_PER_BLOCK]
            for table, rows in generate_block_tables(model, block_is_test, ids, rng).items():
                files.append(table, rows)
            if advance:
                advance(len(block_is_test))


def _draw_test_mask(clients: int, seed: int) -> Mask:
    """Which clients are those of `application_test`."""
    is_test = np.arange(clients) < round(clients * TEST_SHARE)
    return np.random.default_rng([seed]).permutation(is_test)


app = typer.Typer(add_completion=False)


@app.command()
def main(
    clients: Annotated[
        int, typer.Option(min=1, help="How many clients, in both application tables together.")
    ],
    out: Annotated[
        Path,
        typer.Option(file_okay=False, help="Folder to write the tables into; made if absent."),
    ],
    seed: Annotated[
        int, typer.Option(min=0, help="Another seed draws other clients of the same kind.")
    ] = 0,
    file_format: Annotated[
        TableFormat, typer.Option("--format", help="How to write them.")
    ] = TableFormat.PARQUET,
) -> None:
    """Write synthetic Home Credit tables: applications, and six tables of history.

    About 14 % of the clients are in application_test, without TARGET. Files of that name go.
    """
    console = Console(stderr=True)
    with (
        report_errors(console),
        ProgressReporter(console).step(f"{clients:,} synthetic clients", total=clients) as advance,
    ):
        synthesise_tables(clients, out, seed=seed, file_format=file_format, advance=advance)


if __name__ == "__main__":
    app()
