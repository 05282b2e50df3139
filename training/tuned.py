"""What is kept of a search: the parameters, how they were found, and two pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import optuna

from training.experiments.tuning import Best
from training.model.hyperparameters import write_parameters
from training.reporting.plots import draw_history, draw_shares

FILE = "parameters.yaml"
LEAST = 4
"""Finished trials below which no importance can be told."""


def keep_search(
    study: optuna.Study, best: Best, about: Mapping[str, Any], folder: Path, home: Path
) -> Path:
    """Write pictures and parameters into the run's folder, and the parameters under `home`.

    Returns:
        The place of the parameters.
    """
    found = asdict(best)
    del found["parameters"]
    found["gain"] = {
        "auc": best.gain.value,
        "low": best.gain.interval.low,
        "high": best.gain.interval.high,
    }
    found["gain_above_zero"] = best.gain_above_zero
    found["judged_by"] = "the clients that chose the parameters, cut anew"
    found |= {"data": about["fingerprint"], "clients": about["clients"], "code": about["code"]}
    for path in (folder / FILE, home / FILE):
        write_parameters(path, best.parameters, found)
    finished = [trial for trial in study.trials if trial.state.is_finished()]
    complete = optuna.trial.TrialState.COMPLETE
    values = [trial.value if trial.state is complete else None for trial in finished]
    draw_history(values, folder / "tuning_history.png")
    if best.complete >= LEAST:
        importance = optuna.importance.get_param_importances(study)
        draw_shares(importance, folder / "tuning_importance.png")
    mlflow.log_params(dict(best.parameters))
    mlflow.log_metrics({
        "auc": best.auc,
        "default_auc": best.default_auc,
        "gain": best.gain.value,
        "gain_low": best.gain.interval.low,
        "gain_high": best.gain.interval.high,
    })  # fmt: skip
    return home / FILE
