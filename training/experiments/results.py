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
from training.experiments.comparison import SERVED_MODEL, Comparison, LeaderboardRow
from training.model.baseline import BASELINE
from training.reporting.plots import draw_forest_plot
from training.tracking.report_store import Provenance, publish_reports

_ENVIRONMENT = Environment(
    loader=PackageLoader("training.reporting"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)


@contextmanager
def start_experiment_run(
    settings: Settings, name: str, data_metadata: Mapping[str, Any]
) -> Iterator[Path]:
    """An MLflow run and a folder: what lies in it at the end is kept with the run and in reports.

    A study that fails keeps nothing in reports, and its run is marked as failed.
    """
    experiment_id = open_experiment(settings)
    with (
        tempfile.TemporaryDirectory() as temp_dir,
        mlflow.start_run(experiment_id=experiment_id, run_name=name),
    ):
        mlflow.log_params({f"data.{name}": value for name, value in data_metadata.items()})
        folder = Path(temp_dir)
        yield folder
        mlflow.log_artifacts(temp_dir)
        publish_reports(settings, folder.iterdir())


def save_comparison(comparison: Comparison, provenance: Provenance, folder: Path) -> None:
    """`comparison.json`, `.svg` and `.html`, a fragment; a nested run for every model."""
    _write_json(comparison, provenance, folder / "comparison.json")
    rows = sorted(comparison.rows, key=lambda row: -row.auc.value)
    labels = [format_row_name(row) for row in rows]
    draw_forest_plot(
        labels, [row.auc for row in rows], "AUC, out of fold", folder / "comparison.svg"
    )
    _write_fragment("comparison", folder, origin=provenance, comparison=comparison, rows=rows)
    for row in comparison.rows:
        with mlflow.start_run(run_name=format_row_name(row), nested=True):
            mlflow.log_params({"model": row.model, "tuned": row.tuned, "balance": row.balance})
            mlflow.log_params(dict(row.parameters))
            mlflow.log_metrics({f"before.{name}": value for name, value in row.before.items()})
            mlflow.log_metrics(dict(row.after))
            mlflow.log_metrics({"fit_seconds": row.fit_seconds, "latency_ms": row.latency_ms})


def save_ablation(ablation: Ablation, provenance: Provenance, folder: Path) -> None:
    """`ablation.json`, `.svg` and `.html`, a fragment."""
    _write_json(ablation, provenance, folder / "ablation.json")
    labels = [f"{row.group}: {row.part}" for row in ablation.rows]
    differences = [row.auc for row in ablation.rows]
    draw_forest_plot(
        labels, differences, "worth in AUC", folder / "ablation.svg", reference_value=0.0
    )
    _write_fragment("ablation", folder, origin=provenance, ablation=ablation)
    mlflow.log_metrics({
        "auc": ablation.auc.value,
        "business_score": ablation.business_score.value,
    })  # fmt: skip


def format_row_name(row: LeaderboardRow) -> str:
    """A model of a comparison in a few words."""
    tuned_suffix = ", tuned" if row.tuned else ""
    strategy_suffix = "" if row.balance == "plain" else f", {row.balance}"
    return f"{row.model}{tuned_suffix}{strategy_suffix}"


def _write_json(result: Comparison | Ablation, provenance: Provenance, path: Path) -> None:
    document = {"origin": asdict(provenance), **asdict(result)}
    path.write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")


def _write_fragment(name: str, folder: Path, **context: object) -> None:
    chart_svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
    chart_svg = chart_svg[chart_svg.index("<svg") :]
    html = _ENVIRONMENT.get_template(f"{name}.html.j2").render(
        picture=chart_svg, name_of=format_row_name, served=SERVED_MODEL, plain=BASELINE, **context
    )
    (folder / f"{name}.html").write_text(html, encoding="utf-8")
