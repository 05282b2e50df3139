"""Command-line options that the commands of training share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of Kaggle's files: csv, csv.gz, csv.zip or parquet. "
        "Synthetic tables by default.",
        exists=True,
        file_okay=False,
    ),
]

ClientsOption = Annotated[
    int | None,
    typer.Option(
        help="Number of labelled clients to sample at random; all by default. Without --data: "
        "number of synthetic clients.",
        min=500,
    ),
]

ParametersOption = Annotated[
    Path | None,
    typer.Option(help="YAML file of model parameters, as written by `tune`.", exists=True),
]

FoundationModelOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder with TabICL's weights: adds this foundation model as an offline ceiling. "
        "Needs `pip install tabicl`; nothing is downloaded. Its file contains its clients' rows.",
        exists=True,
        file_okay=False,
    ),
]

SeedOption = Annotated[int, typer.Option(help="The same seed gives the same clients and folds.")]

TimeBudgetOption = Annotated[
    float, typer.Option("--time-budget", help="Time limit of searches, in minutes.", min=0)
]
