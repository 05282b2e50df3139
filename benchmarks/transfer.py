"""Test models of synthetic clients on real ones, and the reverse: `python -m benchmarks.transfer`.

Users without data of their own train on synthetic tables. These are useful if a model of them
ranks real clients well. Real rows come from CREDIT_REAL_DATA.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from credit.dossier import Floats
from credit.policy import load_policy
from stores.cli import report_errors
from stores.progress import ProgressReporter
from stores.settings import configure_libraries, get_settings
from training.data.dataset import Labels, TrainingSet
from training.data.loading import load_labelled_dossiers
from training.data.preparation import prepare_training_set
from training.data.synthetic_source import DEFAULT_SYNTHETIC_CLIENTS, generate_synthetic_tables
from training.evaluation.paired_bootstrap import BootstrapMetrics, Difference
from training.model.cross_validation import FOLD_COUNT
from training.model.trainer import TrainedModel, fit_model

app = typer.Typer(add_completion=False)


@app.command()
def transfer(
    clients: Annotated[
        int, typer.Option(min=1_000, help="Number of synthetic clients.")
    ] = DEFAULT_SYNTHETIC_CLIENTS,
    real: Annotated[
        str, typer.Option(help="Folder of real rows: applications or clients.")
    ] = "applications",
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Train on each kind of clients and report the AUC on the other, with its 95 % interval."""
    console = Console()
    steps = ProgressReporter(console)
    table = Table("trained on", "tested on", "AUC", "95 %")
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)

        def fit_folder(folder: Path) -> tuple[TrainingSet, TrainedModel]:
            dossiers, _ = load_labelled_dossiers(settings, folder, steps, None)
            with steps.step("features", len(dossiers)) as advance:
                dataset = prepare_training_set(dossiers, seed=seed, progress=advance)
            with steps.step("folds and final model", FOLD_COUNT + 1) as advance:
                return dataset, fit_model(dataset, seed=seed, progress=advance)

        fits = {
            "synthetic": fit_folder(generate_synthetic_tables(settings, clients, seed, steps)),
            "real": fit_folder(settings.real_data / real),
        }
    for trained_on, tested_on in (("synthetic", "real"), ("real", "synthetic")):
        dataset, model = fits[tested_on][0], fits[trained_on][1]
        risks = np.asarray(model.booster.predict(dataset.encode(model.fitted)))
        _add_row(table, trained_on, tested_on, _bootstrap_auc(dataset.labels, risks, seed))
    for name, (dataset, model) in fits.items():
        _add_row(
            table,
            name,
            "the same clients, out of fold",
            _bootstrap_auc(dataset.labels, model.oof_risk, seed),
        )
    console.print(table)


def _bootstrap_auc(labels: Labels, risks: Floats, seed: int) -> Difference:
    policy = load_policy(datetime.now(UTC).date())
    return BootstrapMetrics.from_risks(labels, risks, policy, seed=seed).estimate("auc")


def _add_row(table: Table, trained_on: str, tested_on: str, auc: Difference) -> None:
    low, high = auc.interval.low, auc.interval.high
    table.add_row(trained_on, tested_on, f"{auc.value:.4f}", f"{low:.4f} to {high:.4f}")


if __name__ == "__main__":
    app()
