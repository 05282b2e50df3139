"""Where a study's results go: with its MLflow run, and under `reports` for people."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
from jinja2 import Environment, PackageLoader, StrictUndefined

from stores.models.mlflow_registry import open_experiment
from stores.settings import Settings
from training.experiments.ablation import Ablation
from training.experiments.comparison import SERVED, Comparison, Row
from training.model.baseline import SPINE
from training.reporting.plots import draw_gains
from training.tracking.report_store import Origin, lay

_ENVIRONMENT = Environment(
    loader=PackageLoader("training.reporting"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)


@contextmanager
def study_run(where: Settings, name: str, about: Mapping[str, Any]) -> Iterator[Path]:
    """An MLflow run and a folder: what lies in it at the end is kept with the run and in reports.

    A study that fails keeps nothing in reports, and its run is marked as failed.
    """
    experiment = open_experiment(where)
    with (
        tempfile.TemporaryDirectory() as made,
        mlflow.start_run(experiment_id=experiment, run_name=name),
    ):
        mlflow.log_params({f"data.{name}": value for name, value in about.items()})
        folder = Path(made)
        yield folder
        mlflow.log_artifacts(made)
        lay(where, folder.iterdir())


def keep_comparison(comparison: Comparison, origin: Origin, folder: Path) -> None:
    """`comparison.json`, `.svg` and `.html`, a fragment; a nested run for every model."""
    _write_json(comparison, origin, folder / "comparison.json")
    rows = sorted(comparison.rows, key=lambda row: -row.auc.value)
    labels = [name_of(row) for row in rows]
    draw_gains(labels, [row.auc for row in rows], "AUC, out of fold", folder / "comparison.svg")
    _write_fragment("comparison", folder, origin=origin, comparison=comparison, rows=rows)
    for row in comparison.rows:
        with mlflow.start_run(run_name=name_of(row), nested=True):
            mlflow.log_params({"model": row.model, "tuned": row.tuned, "balance": row.balance})
            mlflow.log_params(dict(row.parameters))
            mlflow.log_metrics({f"before.{name}": value for name, value in row.before.items()})
            mlflow.log_metrics(dict(row.after))
            mlflow.log_metrics({"fit_seconds": row.fit_seconds, "latency_ms": row.latency_ms})


def keep_ablation(ablation: Ablation, origin: Origin, folder: Path) -> None:
    """`ablation.json`, `.svg` and `.html`, a fragment."""
    _write_json(ablation, origin, folder / "ablation.json")
    labels = [f"{row.group}: {row.part}" for row in ablation.rows]
    gains = [row.auc for row in ablation.rows]
    draw_gains(labels, gains, "worth in AUC", folder / "ablation.svg", nothing=0.0)
    _write_fragment("ablation", folder, origin=origin, ablation=ablation)
    mlflow.log_metrics({
        "auc": ablation.auc.value,
        "business_score": ablation.business_score.value,
    })  # fmt: skip


def name_of(row: Row) -> str:
    """A model of a comparison in a few words."""
    tuned = ", tuned" if row.tuned else ""
    balance = "" if row.balance == "plain" else f", {row.balance}"
    return f"{row.model}{tuned}{balance}"


def _write_json(told: Comparison | Ablation, origin: Origin, path: Path) -> None:
    kept = {"origin": asdict(origin), **asdict(told)}
    path.write_text(json.dumps(kept, indent=1, allow_nan=False), encoding="utf-8")


def _write_fragment(name: str, folder: Path, **told: object) -> None:
    picture = (folder / f"{name}.svg").read_text(encoding="utf-8")
    picture = picture[picture.index("<svg") :]
    text = _ENVIRONMENT.get_template(f"{name}.html.j2").render(
        picture=picture, name_of=name_of, served=SERVED, plain=SPINE, **told
    )
    (folder / f"{name}.html").write_text(text, encoding="utf-8")
