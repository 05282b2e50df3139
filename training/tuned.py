"""What is kept of a search: the parameters, how they were found, and two pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import optuna

from training.experiments.tuning import TuningResult
from training.model.hyperparameters import write_parameters
from training.reporting.plots import draw_parameter_importance, draw_search_history

PARAMETERS_FILE = "parameters.yaml"
MIN_TRIALS_FOR_IMPORTANCE = 4
"""Finished trials below which no importance can be told."""


def save_tuning(
    study: optuna.Study,
    best: TuningResult,
    data_metadata: Mapping[str, Any],
    run_folder: Path,
    tuning_folder: Path,
) -> Path:
    """Write pictures and parameters into the run's folder, and the parameters under `home`.

    Returns:
        The place of the parameters.
    """
    search_record = asdict(best)
    del search_record["parameters"]
    search_record["gain"] = {
        "auc": best.gain.value,
        "low": best.gain.interval.low,
        "high": best.gain.interval.high,
    }
    search_record["gain_above_zero"] = best.gain_above_zero
    search_record["judged_by"] = "the clients that chose the parameters, cut anew"
    search_record |= {
        "data": data_metadata["fingerprint"],
        "clients": data_metadata["clients"],
        "code": data_metadata["code"],
    }
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
