"""Run a training for the command line and print its summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from stores.dossiers.engine import Engine
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.settings import Settings
from training.cli.summary import print_summary
from training.data.synthetic_source import generate_synthetic_tables
from training.model.hyperparameters import resolve_parameters
from training.pipeline import run_training


def train_and_print(
    settings: Settings,
    console: Console,
    data: Path | None,
    *,
    lender: Path | None,
    clients: int,
    seed: int,
    parameters: Path | None,
    engine: Engine,
    auxiliary_folders: Sequence[Path],
) -> bool:
    """Train a model and print its summary; return false if a gate refused it.

    Args:
        data: Folder of tables; None generates synthetic ones.
        clients: Number of synthetic clients.
    """
    progress = ProgressReporter(console)
    if data is None:
        data = generate_synthetic_tables(settings, clients, seed, progress)
    training_outcome = run_training(
        settings,
        data,
        seed=seed,
        progress=progress,
        lender=LenderMapping.from_yaml(lender) if lender else None,
        parameters=resolve_parameters(parameters, progress.log),
        engine=engine,
        auxiliary_folders=auxiliary_folders,
    )
    print_summary(console, training_outcome)
    return not training_outcome.blocking_codes
