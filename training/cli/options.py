"""What the commands of training have in common: which clients, real or synthetic."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from stores.cli import Steps
from stores.settings import Settings
from training.synthetic.marker import MARK

Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of Kaggle's files: csv, csv.gz, csv.zip or parquet. Synthetic if left out.",
        exists=True,
        file_okay=False,
    ),
]

Clients = Annotated[
    int | None,
    typer.Option(
        help="Labelled clients to draw at random; all if left out. Synthetic ones to make.",
        min=500,
    ),
]

Parameters = Annotated[
    Path | None,
    typer.Option(help="YAML of the model's parameters, such as `tune` writes.", exists=True),
]

Seed = Annotated[int, typer.Option(help="Same seed, same clients, same folds.")]

SYNTHETIC = 20_000
"""Clients made where there is no data."""


def synthetic_tables(where: Settings, clients: int, seed: int, steps: Steps) -> Path:
    """Synthetic tables of this size and seed, made once."""
    from training.synthesise import synthesise  # noqa: PLC0415 -- --help stays quick

    folder = synthetic_folder(where, clients, seed)
    if not (folder / MARK).exists():
        with steps.step(f"{clients:,} synthetic clients", clients) as advance:
            synthesise(clients, folder, seed=seed, advance=advance)
    return folder


def synthetic_folder(where: Settings, clients: int, seed: int) -> Path:
    """Where synthetic tables are kept: others than those of earlier parameters."""
    from training.synthetic.parameters import PARAMETERS  # noqa: PLC0415 -- --help stays quick

    version = sha256(PARAMETERS.read_bytes()).hexdigest()[:8]
    return where.cache / "synthetic" / f"{clients}-{seed}-{version}"
