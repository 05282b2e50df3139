"""One training, from a folder of tables to a champion, or to a model that is refused.

tables ──► dossiers ──► material ──► fit ──► evaluate ──► gates ──► MLflow ──┬► BentoML ──► clients
                                                                             └► refused
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow

from credit.policy import load_policy
from stores.clients.ingestion import fill_client_store
from stores.dossiers.engine import Engine
from stores.dossiers.parquet import DossierFile
from stores.models.bento_store import MODEL_NAME
from stores.models.mlflow_registry import (
    mark_version_refused,
    open_experiment,
    promote_version,
    register_model,
)
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.settings import Settings
from training.data.auxiliary import AuxiliaryData, add_auxiliary_clients
from training.data.dataset import prepare_training_set
from training.data.fingerprints import fingerprint_features
from training.data.loading import load_labelled_dossiers
from training.evaluation.champion import score_champion
from training.evaluation.evaluator import EVALUATION_STEPS, evaluate_model
from training.gates import GATES, Finding, blocking_codes, run_gates
from training.metrics.decision_rates import estimate_outcome_shares
from training.model.cross_validation import FOLD_COUNT
from training.model.trainer import DEFAULT_PARAMETERS, fit_model
from training.reporting.model_card import render_model_card
from training.reporting.training_summary import TrainingSummary
from training.tracking.mlflow_run import (
    build_registry_metadata,
    log_plots,
    log_reports,
    log_run_metadata,
)
from training.tracking.report_store import (
    Provenance,
    read_attribute_costs,
    read_experiment_sections,
)


@dataclass(frozen=True, kw_only=True)
class TrainingOutcome:
    """What a training says at its end."""

    tag: str
    """The version in the registry; of a champion also its tag in the BentoML store."""
    run_id: str
    tree_count: int
    metrics: dict[str, float]
    findings: tuple[Finding, ...]
    """Of every gate, the gravest first."""
    report_path: Path
    attribute_costs: tuple[str, ...]
    """What protected attributes are worth in AUC; none before an ablation of these data."""
    clients: int = 0
    """Dossiers in the client store that came from these tables; none of a refused model."""

    @property
    def blocking_codes(self) -> tuple[str, ...]:
        """The codes of the gates that refused the model; it was promoted when there are none."""
        return blocking_codes(self.findings)


def run_training(
    settings: Settings,
    data: Path,
    *,
    seed: int,
    progress: ProgressReporter,
    lender: LenderMapping | None = None,
    parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
    engine: Engine = Engine.LOCAL,
    auxiliary_folders: Sequence[Path] = (),
) -> TrainingOutcome:
    """Train on the labelled tables of a folder and publish the model, unless a gate refuses it.

    A refused model is registered with its findings; champion, stores and clients stay as they are.

    Args:
        also: Folders whose clients teach, too, and judge nothing.

    Raises:
        InvalidTables: the tables break the schema.
        NoSpark: the engine is Spark, and Java or PySpark is absent.
    """
    dossiers, data_metadata = load_labelled_dossiers(settings, data, progress, lender, engine)
    training_outcome = _fit_and_evaluate(
        settings, dossiers, data_metadata, seed=seed, progress=progress, lender=lender,
        parameters=parameters, auxiliary_folders=auxiliary_folders,
    )  # fmt: skip
    if training_outcome.blocking_codes:
        return training_outcome
    client_count = fill_client_store(settings, data, progress, lender, labelled_dossiers=dossiers)
    return replace(training_outcome, clients=client_count)


def _fit_and_evaluate(
    settings: Settings,
    dossiers: DossierFile,
    data_metadata: dict[str, Any],
    *,
    seed: int,
    progress: ProgressReporter,
    lender: LenderMapping | None,
    parameters: Mapping[str, Any],
    auxiliary_folders: Sequence[Path],
) -> TrainingOutcome:
    """The model in the registry and, unless it is refused, in the BentoML store."""
    policy = load_policy(datetime.now(UTC).date())
    with progress.step("features", len(dossiers)) as advance:
        training_set = prepare_training_set(dossiers, seed=seed, progress=advance)
    auxiliary = add_auxiliary_clients(
        settings,
        training_set,
        dossiers,
        auxiliary_folders,
        seed=seed,
        progress=progress,
        lender=lender,
    )
    training_set = auxiliary.training_set
    if auxiliary_folders:
        data_metadata["also"] = auxiliary.metadata
    with progress.step("folds and final model", FOLD_COUNT + 1) as advance:
        trained_model = fit_model(training_set, seed=seed, progress=advance, parameters=parameters)
    with progress.step("MLflow store"):
        experiment_id = open_experiment(settings)
    with progress.step("the champion on these clients"):
        champion = score_champion(settings, training_set, dossiers)
    with progress.step("evaluation", EVALUATION_STEPS) as advance:
        evaluation = evaluate_model(
            trained_model,
            training_set,
            dossiers,
            policy,
            champion=champion,
            data_metadata=data_metadata,
            seed=seed,
            progress=advance,
        )
    with progress.step("gates", len(GATES)) as advance:
        findings = run_gates(evaluation, advance)
    provenance = Provenance.from_metadata(
        data_metadata, parameters, formulas=fingerprint_features(training_set), seed=seed
    )
    with (
        progress.step("report, MLflow run and registry"),
        mlflow.start_run(experiment_id=experiment_id) as mlflow_run,
    ):
        summary = TrainingSummary(
            run_id=mlflow_run.info.run_id,
            evaluation=evaluation,
            findings=findings,
            outcome_shares=estimate_outcome_shares(
                training_set.labels, trained_model.oof_risk, policy, seed=seed
            ),
            experiment_sections=read_experiment_sections(settings, provenance),
        )
        model_version, report_path = _register(summary, data_metadata, auxiliary, settings)
    if summary.blocking_codes:
        mark_version_refused(settings, model_version, summary.blocking_codes)
    else:
        with progress.step("champion in the BentoML store"):
            promote_version(settings, model_version)
    return TrainingOutcome(
        tag=f"{MODEL_NAME}:{model_version}",
        run_id=summary.run_id,
        tree_count=trained_model.booster.num_trees(),
        metrics=summary.model_metadata.metrics,
        findings=findings,
        report_path=report_path,
        attribute_costs=read_attribute_costs(settings, provenance),
    )


def _register(
    summary: TrainingSummary,
    data_metadata: Mapping[str, Any],
    auxiliary: AuxiliaryData,
    settings: Settings,
) -> tuple[int, Path]:
    """Write a training down in the run that is active: the model's number, and the report."""
    evaluation = summary.evaluation
    trained_model, policy, metrics = (
        evaluation.trained_model,
        summary.policy,
        summary.model_metadata.metrics,
    )
    model_metadata = summary.model_metadata.model_copy(update={"card": render_model_card(summary)})
    log_run_metadata(trained_model, metrics, data_metadata, policy, evaluation.seed)
    log_plots(evaluation.training_set, trained_model, evaluation.explanation_sample, policy)
    report_path = log_reports(summary, settings, auxiliary_pseudonyms=auxiliary.pseudonyms)
    registry_metadata = build_registry_metadata(trained_model, policy, metrics)
    return register_model(
        trained_model.booster, model_metadata, metadata=registry_metadata
    ), report_path
