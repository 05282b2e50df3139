"""Log a training to the active MLflow run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE
from numpy.typing import NDArray

from credit.features import CATALOGUE
from credit.policy import Policy
from stores.settings import Settings
from training.data.dataset import TrainingSet
from training.evaluation.champion import OOF_RISKS_FILE, save_oof_risks
from training.evaluation.feature_importance import ExplanationSample
from training.model.cross_validation import FOLD_COUNT
from training.model.trainer import TrainedModel
from training.reporting.feature_catalogue.table import (
    CATALOGUE_FILE,
    FeatureImportances,
    build_feature_table,
)
from training.reporting.html_report import render_report
from training.reporting.languages import Language
from training.reporting.model_card import write_documents
from training.reporting.page_links import name_training_pages
from training.reporting.plots import draw_concept_plots
from training.reporting.score_plots import draw_curves
from training.reporting.training_summary import TrainingSummary, write_json
from training.tracking.report_store import list_report_files, publish_reports
from training.tracking.step_metrics import log_intervals, log_step_metrics

REPORT_FILE = Language.EN.name_file("report")


def log_run(summary: TrainingSummary, data_metadata: Mapping[str, Any], description: str) -> None:
    """Log parameters, metrics, tags and a description to the active run.

    Args:
        summary: The results of the training.
        data_metadata: Provenance of the data.
        description: Markdown.
    """
    trained_model, policy = summary.evaluation.trained_model, summary.policy
    mlflow.log_params({
        **trained_model.parameters,
        "seed": summary.evaluation.seed,
        "folds": FOLD_COUNT,
        "trees": trained_model.booster.num_trees(),
        "features": len(CATALOGUE),
        "policy_version": policy.version,
    })  # fmt: skip
    mlflow.log_params({f"data.{name}": value for name, value in data_metadata.items()})
    mlflow.set_tags({
        MLFLOW_RUN_NOTE: description,
        "code": data_metadata["code"],
        "data": data_metadata["fingerprint"],
        "business_score": summary.business_score_definition,
    })  # fmt: skip
    _log_metrics(summary)


def _log_metrics(summary: TrainingSummary) -> None:
    """Log every metric, its 95 % interval, and the curves by fold and by tree."""
    trained_model, metadata = summary.evaluation.trained_model, summary.model_metadata
    mlflow.log_metrics({
        **metadata.metrics,
        "calibration_slope": trained_model.calibration.slope,
        "calibration_shift": trained_model.calibration.shift,
    })  # fmt: skip
    log_intervals(metadata.intervals)
    log_step_metrics(summary.run_id, trained_model, summary.evaluation.training_set.labels)


def log_plots(
    training_set: TrainingSet,
    trained_model: TrainedModel,
    explanation_sample: ExplanationSample,
    policy: Policy,
) -> None:
    """Log the curves, and the contributions by concept, as PNG files under `pictures`."""
    with tempfile.TemporaryDirectory() as folder:
        draw_curves(training_set.labels, trained_model.oof_risk, policy, Path(folder))
        draw_concept_plots(explanation_sample, Path(folder))
        mlflow.log_artifacts(folder, "pictures")


def log_reports(
    summary: TrainingSummary, settings: Settings, *, auxiliary_pseudonyms: NDArray[np.uint64]
) -> Path:
    """Log reports, model card, technical file, findings, features and out-of-fold risks.

    All of them except the out-of-fold risks are also copied to the reports folder, where they
    replace those of the last run.

    Args:
        auxiliary_pseudonyms: Pseudonyms of the auxiliary clients of the training data.

    Returns:
        The path of the report in the reports folder.
    """
    with tempfile.TemporaryDirectory() as temp_dir:
        folder = Path(temp_dir)
        existing_files = list_report_files(settings) | name_training_pages()
        write_documents(summary, folder, existing_files=existing_files)
        write_json(summary.to_findings_dict(), folder / "findings.json")
        evaluation = summary.evaluation
        save_oof_risks(
            evaluation.dossiers,
            evaluation.trained_model.oof_risk,
            auxiliary_pseudonyms,
            folder / OOF_RISKS_FILE,
        )
        (folder / CATALOGUE_FILE).write_text(
            build_feature_table(FeatureImportances.from_model_metadata(summary.model_metadata))
        )
        for language in Language:
            report = render_report(summary, language=language, existing_files=existing_files)
            (folder / language.name_file("report")).write_text(report, encoding="utf-8")
        mlflow.log_artifacts(temp_dir)
        publish_reports(
            settings, (path for path in folder.iterdir() if path.name != OOF_RISKS_FILE)
        )
    return settings.reports_folder / REPORT_FILE


def build_registry_metadata(
    trained_model: TrainedModel, policy: Policy, metrics: Mapping[str, float]
) -> dict[str, Any]:
    """Return the metadata that are stored with the registered model."""
    return {
        "threshold": policy.threshold,
        "searched_threshold": metrics["searched_threshold"],
        "policy_version": policy.version,
        "auc": metrics["auc"],
        "trees": trained_model.booster.num_trees(),
        "schema": {name: feature.unit.value for name, feature in CATALOGUE.items()},
    }
