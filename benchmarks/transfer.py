"""python -m benchmarks.transfer: a model of synthetic clients asked of real ones, and back.

Synthetic tables are what people train on while they have no data of their own: they are worth it
when what they teach ranks real clients. Real rows are those of CREDIT_REAL_DATA.
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
from credit.policy import policy_on
from stores.cli import Steps, errors_told
from stores.settings import direct_libraries, settings
from training.cli.options import SYNTHETIC, synthetic_tables
from training.data.dataset import Labels, Material, prepare
from training.data.loading import labelled_dossiers
from training.evaluation.paired_bootstrap import Gain, Resampled
from training.model.cross_validation import FOLDS
from training.model.trainer import Fitted, fit

app = typer.Typer(add_completion=False)


@app.command()
def transfer(
    clients: Annotated[int, typer.Option(min=1_000, help="Synthetic clients.")] = SYNTHETIC,
    real: Annotated[
        str, typer.Option(help="Which folder of real rows: applications or clients.")
    ] = "applications",
    seed: Annotated[int, typer.Option(help="Same seed, same figures.")] = 0,
) -> None:
    """Fit on either kind of clients, and tell the AUC on the other, with its 95 % interval."""
    console = Console()
    steps = Steps(console)
    table = Table("learnt from", "asked of", "AUC", "95 %")
    with errors_told(console):
        where = settings()
        direct_libraries(where)

        def learnt(folder: Path) -> tuple[Material, Fitted]:
            dossiers, _ = labelled_dossiers(where, folder, steps, None)
            with steps.step("features", len(dossiers)) as advance:
                material = prepare(dossiers, seed=seed, progress=advance)
            with steps.step("folds and final model", FOLDS + 1) as advance:
                return material, fit(material, seed=seed, progress=advance)

        sides = {
            "synthetic": learnt(synthetic_tables(where, clients, seed, steps)),
            "real": learnt(where.real_data / real),
        }
    for learner, asked in (("synthetic", "real"), ("real", "synthetic")):
        material, fitted = sides[asked][0], sides[learner][1]
        risks = np.asarray(fitted.booster.predict(material.encoded(fitted.categories)))
        _row(table, learner, asked, _auc(material.labels, risks, seed))
    for name, (material, fitted) in sides.items():
        _row(table, name, "the same, out of fold", _auc(material.labels, fitted.unseen, seed))
    console.print(table)


def _auc(labels: Labels, risks: Floats, seed: int) -> Gain:
    policy = policy_on(datetime.now(UTC).date())
    return Resampled.of(labels, risks, policy, seed=seed).level("auc")


def _row(table: Table, learner: str, asked: str, told: Gain) -> None:
    low, high = told.interval.low, told.interval.high
    table.add_row(learner, asked, f"{told.value:.4f}", f"{low:.4f} to {high:.4f}")


if __name__ == "__main__":
    app()
