"""What of a training is written down in MLflow."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from numpy.typing import NDArray

from credit.features import CATALOGUE
from credit.policy import Policy
from stores.settings import Settings
from training.data.dataset import Material
from training.evaluation.champion import UNSEEN, keep_unseen
from training.evaluation.feature_importance import Explained
from training.metrics.credit_metrics import BUSINESS_SCORE
from training.model.cross_validation import FOLDS
from training.model.trainer import Fitted
from training.reporting.feature_catalogue import TABLE, Importances, feature_table
from training.reporting.html_report import report
from training.reporting.model_card import write_documents
from training.reporting.plots import draw_curves, draw_explanations
from training.reporting.training_summary import Account, write_json
from training.tracking.report_store import lay

REPORT = "report.html"


def log_facts(
    fitted: Fitted,
    measured: Mapping[str, float],
    data: Mapping[str, Any],
    policy: Policy,
    seed: int,
) -> None:
    """Parameters, metrics with their definition, data fingerprint and code version."""
    mlflow.log_params({
        **fitted.parameters,
        "seed": seed,
        "folds": FOLDS,
        "trees": fitted.booster.num_trees(),
        "features": len(CATALOGUE),
        "policy_version": policy.version,
    })  # fmt: skip
    mlflow.log_params({f"data.{name}": value for name, value in data.items()})
    mlflow.log_metrics(dict(measured))
    mlflow.log_metrics({
        "calibration_slope": fitted.calibration.slope,
        "calibration_shift": fitted.calibration.shift,
    })  # fmt: skip
    mlflow.set_tags({
        "code": data["code"],
        "data": data["fingerprint"],
        "business_score": BUSINESS_SCORE.format(
            missed=policy.missed_difficulties_cost, refused=policy.refused_good_cost
        ),
    })  # fmt: skip


def log_pictures(material: Material, fitted: Fitted, explained: Explained, policy: Policy) -> None:
    with tempfile.TemporaryDirectory() as folder:
        draw_curves(material.labels, fitted.unseen, policy, Path(folder))
        draw_explanations(explained.matrix, explained.contributions, Path(folder))
        mlflow.log_artifacts(folder, "pictures")


def log_account(account: Account, where: Settings, *, teachers: NDArray[np.uint64]) -> Path:
    """Report, card, technical file, findings, features and out-of-fold risks, with the active run.

    Args:
        teachers: Digests of the clients of other tables who taught.

    Returns:
        The report's place under `home`, where all but the risks replace those of the last run.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_documents(account, folder)
        write_json(account.as_findings(), folder / "findings.json")
        evidence = account.evidence
        keep_unseen(evidence.dossiers, evidence.fitted.unseen, teachers, folder / UNSEEN)
        (folder / TABLE).write_text(feature_table(Importances.of(account.facts)))
        (folder / REPORT).write_text(report(account))
        mlflow.log_artifacts(name)
        lay(where, (path for path in folder.iterdir() if path.name != UNSEEN))
    return where.reports / REPORT


def lineage(fitted: Fitted, policy: Policy, measured: Mapping[str, float]) -> dict[str, Any]:
    """What goes with the model wherever it is taken."""
    return {
        "threshold": policy.threshold,
        "searched_threshold": measured["searched_threshold"],
        "policy_version": policy.version,
        "auc": measured["auc"],
        "trees": fitted.booster.num_trees(),
        "schema": {name: feature.unit.value for name, feature in CATALOGUE.items()},
    }
