"""Save the results of an experiment in its MLflow run and in the reports folder."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import optuna

from stores.models.mlflow_registry import open_experiment
from stores.settings import Settings
from training.experiments.ablation import Ablation
from training.experiments.comparison import Comparison
from training.experiments.leaderboard import SERVED_MODEL, LeaderboardRow
from training.experiments.tuning import TuningResult
from training.model.baseline import BASELINE
from training.model.hyperparameters import write_parameters
from training.reporting.html_templates import render_html
from training.reporting.languages import Language
from training.reporting.page_links import list_links, name_pages
from training.reporting.plots import (
    draw_forest_plot,
    draw_parameter_importance,
    draw_search_history,
)
from training.tracking.provenance import Provenance
from training.tracking.report_store import list_report_files, publish_reports
from training.tracking.run_lifecycle import start_tracked_run

PARAMETERS_FILE = "parameters.yaml"
MIN_TRIALS_FOR_IMPORTANCE = 4
"""Minimum number of complete trials to estimate the importance of hyperparameters."""


@contextmanager
def start_experiment_run(
    settings: Settings, name: str, data_metadata: Mapping[str, Any]
) -> Iterator[Path]:
    """Start an MLflow run and yield a temporary folder for its results.

    At the end, the files of the folder are logged as artifacts and copied to the reports folder.
    If the experiment fails, its run is marked as failed and nothing is copied; if it is
    interrupted, as killed.
    """
    experiment_id = open_experiment(settings)
    with (
        tempfile.TemporaryDirectory() as temp_dir,
        start_tracked_run(experiment_id, name),
    ):
        mlflow.log_params({f"data.{name}": value for name, value in data_metadata.items()})
        folder = Path(temp_dir)
        yield folder
        mlflow.log_artifacts(temp_dir)
        publish_reports(settings, folder.iterdir())


def save_comparison(
    comparison: Comparison, provenance: Provenance, folder: Path, settings: Settings
) -> None:
    """Write comparison.json, .svg and .html, and a nested run for every model."""
    _write_json(comparison, provenance, folder / "comparison.json")
    rows = sorted(comparison.rows, key=lambda row: -row.auc.value)
    labels = [format_row_name(row) for row in rows]
    draw_forest_plot(
        labels, [row.auc for row in rows], "AUC, out of fold", folder / "comparison.svg"
    )
    _write_pages(
        "comparison", folder, settings, provenance=provenance, comparison=comparison, rows=rows
    )
    for row in comparison.rows:
        with mlflow.start_run(run_name=format_row_name(row), nested=True):
            mlflow.log_params({"model": row.model, "tuned": row.tuned, "balance": row.balance})
            mlflow.log_params(dict(row.parameters))
            mlflow.log_metrics({f"before.{name}": value for name, value in row.before.items()})
            mlflow.log_metrics(dict(row.after))
            mlflow.log_metrics({
                "fit_seconds": row.fit_seconds,
                "latency_ms": row.latency_ms,
                "stored_clients": row.stored_clients,
            })  # fmt: skip


def save_ablation(
    ablation: Ablation, provenance: Provenance, folder: Path, settings: Settings
) -> None:
    """Write ablation.json, .svg and .html."""
    _write_json(ablation, provenance, folder / "ablation.json")
    labels = [f"{row.group}: {row.part}" for row in ablation.rows]
    differences = [row.auc for row in ablation.rows]
    draw_forest_plot(
        labels, differences, "gain in AUC", folder / "ablation.svg", reference_value=0.0
    )
    _write_pages("ablation", folder, settings, provenance=provenance, ablation=ablation)
    mlflow.log_metrics({
        "auc": ablation.auc.value,
        "business_score": ablation.business_score.value,
    })  # fmt: skip


def save_tuning(
    study: optuna.Study,
    best: TuningResult,
    data_metadata: Mapping[str, Any],
    run_folder: Path,
    tuning_folder: Path,
) -> Path:
    """Write plots and parameters to the run's folder, and the parameters to the tuning folder.

    Returns:
        The path of the parameters in the tuning folder.
    """
    search_record = _describe_search(best, data_metadata)
    for path in (run_folder / PARAMETERS_FILE, tuning_folder / PARAMETERS_FILE):
        write_parameters(path, best.parameters, search_record)
    finished = [trial for trial in study.trials if trial.state.is_finished()]
    complete = optuna.trial.TrialState.COMPLETE
    values = [trial.value if trial.state is complete else None for trial in finished]
    draw_search_history(values, run_folder / "tuning_history.png")
    if best.complete >= MIN_TRIALS_FOR_IMPORTANCE:
        importance = optuna.importance.get_param_importances(study)
        draw_parameter_importance(importance, run_folder / "tuning_importance.png")
    mlflow.log_params(dict(best.parameters))
    mlflow.log_metrics({
        "auc": best.auc,
        "default_auc": best.default_auc,
        "gain": best.gain.value,
        "gain_low": best.gain.interval.low,
        "gain_high": best.gain.interval.high,
    })  # fmt: skip
    return tuning_folder / PARAMETERS_FILE


def _describe_search(best: TuningResult, data_metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file of parameters states about the search."""
    search_record = asdict(best)
    del search_record["parameters"]
    search_record["gain"] = {
        "auc": best.gain.value,
        "low": best.gain.interval.low,
        "high": best.gain.interval.high,
    }
    return search_record | {
        "gain_above_zero": best.gain_above_zero,
        "judged_by": "new folds of the clients on which the parameters were selected",
        "data": data_metadata["fingerprint"],
        "clients": data_metadata["clients"],
        "code": data_metadata["code"],
    }


def format_row_name(row: LeaderboardRow) -> str:
    """Return the display name of a row: model, tuned or not, imbalance strategy."""
    tuned_suffix = ", tuned" if row.tuned else ""
    strategy_suffix = "" if row.balance == "plain" else f", {row.balance}"
    return f"{row.model}{tuned_suffix}{strategy_suffix}"


def format_stored_clients(row: LeaderboardRow) -> str:
    """Return a warning if the file of the model would contain clients, and else an empty text."""
    if not row.stored_clients:
        return ""
    return (
        f"{format_row_name(row)}: the file of the model would contain the rows of "
        f"{row.stored_clients:,} real clients. It is personal data."
    )


def _write_json(result: Comparison | Ablation, provenance: Provenance, path: Path) -> None:
    document = {"origin": provenance.to_dict(), **asdict(result)}
    path.write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")


def _write_pages(name: str, folder: Path, settings: Settings, **variables: object) -> None:
    """Write the page of an experiment in every language."""
    chart_svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
    chart_svg = chart_svg[chart_svg.index("<svg") :]
    existing_files = list_report_files(settings) | name_pages(name)
    for language in Language:
        html = render_html(
            f"{name}.html.j2",
            language=language,
            links=list_links(name, language, existing_files),
            chart=chart_svg,
            format_row_name=format_row_name,
            format_stored_clients=format_stored_clients,
            served_model=SERVED_MODEL,
            baseline=BASELINE,
            **variables,
        )
        (folder / language.name_file(name)).write_text(html, encoding="utf-8")
