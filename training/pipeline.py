"""The training pipeline: from a folder of tables to a promoted or a refused model.

tables ─► dossiers ─► training set ─► fit ─► evaluate ─► gates ─► MLflow ─┬► BentoML ─► clients
                                                                          └► refused
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credit.features import CATALOGUE
from credit.policy import Policy, load_policy
from stores.clients.ingestion import fill_client_store
from stores.dossiers.engine import Engine
from stores.dossiers.parquet import DossierFile
from stores.models.bento_store import MODEL_NAME
from stores.models.mlflow_registry import (
    describe_version,
    mark_version_refused,
    open_experiment,
    promote_version,
    register_model,
)
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.settings import Settings
from training.data.clients import TrainingData, load_training_data
from training.data.fingerprints import fingerprint_features
from training.evaluation.champion import score_champion
from training.evaluation.evaluator import EVALUATION_STEPS, evaluate_model
from training.evaluation.result import EvaluationResult
from training.gates import GATES, GateFinding, blocking_codes, run_gates
from training.metrics.decision_rates import estimate_outcome_shares
from training.model.cross_validation import FOLD_COUNT
from training.model.hyperparameters import choose_parameters
from training.model.trainer import fit_model
from training.reporting.model_card import render_model_card
from training.reporting.training_summary import TrainingSummary
from training.tracking.dataset_input import log_dataset_inputs
from training.tracking.mlflow_run import (
    build_registry_metadata,
    log_plots,
    log_reports,
    log_run,
)
from training.tracking.provenance import Provenance
from training.tracking.report_store import read_attribute_costs, read_experiment_sections
from training.tracking.run_lifecycle import start_tracked_run
from training.tracking.version_description import build_version_description, build_version_tags


@dataclass(frozen=True, kw_only=True)
class TrainingOutcome:
    """The result of a training."""

    tag: str
    """Model name and version in the registry; for a champion also its tag in the BentoML store."""
    run_id: str
    tree_count: int
    metrics: dict[str, float]
    findings: tuple[GateFinding, ...]
    """Findings of all gates, the most severe first."""
    report_path: Path
    attribute_costs: tuple[str, ...]
    """AUC gain of each protected attribute; empty before an ablation of the same data."""
    clients: int = 0
    """Dossiers of these tables in the client store; 0 for a refused model."""

    @property
    def blocking_codes(self) -> tuple[str, ...]:
        """Return the codes of the gates that refused the model; without any it is promoted."""
        return blocking_codes(self.findings)


@dataclass(frozen=True, kw_only=True)
class _TrainingRequest:
    """The arguments of a training."""

    settings: Settings
    data: Path
    seed: int
    progress: ProgressReporter
    lender: LenderMapping | None
    parameters: Mapping[str, Any] | None
    engine: Engine
    auxiliary_folders: Sequence[Path]


def run_training(
    settings: Settings,
    data: Path,
    *,
    seed: int,
    progress: ProgressReporter,
    lender: LenderMapping | None = None,
    parameters: Mapping[str, Any] | None = None,
    engine: Engine = Engine.LOCAL,
    auxiliary_folders: Sequence[Path] = (),
) -> TrainingOutcome:
    """Train on the labelled tables of a folder and promote the model, unless a gate refuses it.

    A refused model is registered with its findings. The champion, the BentoML store and the client
    store then stay as they are.

    Args:
        parameters: Hyperparameters; None for the defaults for the number of clients.
        auxiliary_folders: Further folders of clients that are added to the training set only; the
            model is not evaluated on them.

    Raises:
        InvalidTables: the tables violate the schema.
        SparkUnavailable: the engine is Spark, and Java or PySpark is missing.
    """
    request = _TrainingRequest(
        settings=settings,
        data=data,
        seed=seed,
        progress=progress,
        lender=lender,
        parameters=parameters,
        engine=engine,
        auxiliary_folders=auxiliary_folders,
    )
    # The training set is freed when this call returns: filling the store also needs memory.
    training_outcome, dossiers = _train_and_publish(request)
    if training_outcome.blocking_codes:
        return training_outcome
    client_count = fill_client_store(settings, data, progress, lender, labelled_dossiers=dossiers)
    return replace(training_outcome, clients=client_count)


def _train_and_publish(request: _TrainingRequest) -> tuple[TrainingOutcome, DossierFile]:
    """Train, check and register a model, and promote it unless a gate refuses it.

    Returns:
        The outcome, and the dossiers of the labelled clients.
    """
    progress, settings = request.progress, request.settings
    policy = load_policy(datetime.now(UTC).date())
    data = load_training_data(
        settings,
        request.data,
        auxiliary_folders=request.auxiliary_folders,
        seed=request.seed,
        progress=progress,
        lender=request.lender,
        engine=request.engine,
    )
    parameters = choose_parameters(request.parameters, len(data.training_set), progress.log)
    with progress.step("MLflow store"):
        experiment_id = open_experiment(settings)
    run_name = f"lightgbm {len(CATALOGUE)} features, {len(data.training_set):,} clients"
    with start_tracked_run(experiment_id, run_name) as run_id:
        log_dataset_inputs(data.metadata, data.training_set, request.data, data.auxiliary_folders)
        evaluation = _fit_and_evaluate(request, data, parameters, policy)
        with progress.step("gates", len(GATES)) as advance:
            findings = run_gates(evaluation, advance)
        provenance = Provenance.from_metadata(
            data.metadata,
            parameters,
            formulas=fingerprint_features(data.training_set),
            seed=request.seed,
        )
        with progress.step("report and registry"):
            summary = _summarise(run_id, evaluation, findings, settings, provenance)
            model_version, report_path = _register(summary, data, settings)
        _promote_or_refuse(summary, model_version, request)
    training_outcome = TrainingOutcome(
        tag=f"{MODEL_NAME}:{model_version}",
        run_id=run_id,
        tree_count=evaluation.trained_model.booster.num_trees(),
        metrics=summary.model_metadata.metrics,
        findings=findings,
        report_path=report_path,
        attribute_costs=read_attribute_costs(settings, provenance),
    )
    return training_outcome, data.dossiers


def _fit_and_evaluate(
    request: _TrainingRequest, data: TrainingData, parameters: Mapping[str, Any], policy: Policy
) -> EvaluationResult:
    """Fit the model and evaluate it against the champion."""
    progress, settings, seed = request.progress, request.settings, request.seed
    with progress.step("folds and final model", FOLD_COUNT + 1) as advance:
        trained_model = fit_model(
            data.training_set, seed=seed, progress=advance, parameters=parameters
        )
    with progress.step("the champion on these clients"):
        champion = score_champion(settings, data.training_set, data.dossiers)
    with progress.step("evaluation", EVALUATION_STEPS) as advance:
        return evaluate_model(
            trained_model,
            data.training_set,
            data.dossiers,
            policy,
            champion=champion,
            data_metadata=data.metadata,
            seed=seed,
            progress=advance,
        )


def _summarise(
    run_id: str,
    evaluation: EvaluationResult,
    findings: tuple[GateFinding, ...],
    settings: Settings,
    provenance: Provenance,
) -> TrainingSummary:
    """Collect what the reports show."""
    return TrainingSummary(
        run_id=run_id,
        evaluation=evaluation,
        findings=findings,
        outcome_shares=estimate_outcome_shares(
            evaluation.training_set.labels,
            evaluation.trained_model.oof_risk,
            evaluation.policy,
            seed=evaluation.seed,
        ),
        experiment_sections=read_experiment_sections(settings, provenance),
    )


def _register(
    summary: TrainingSummary, data: TrainingData, settings: Settings
) -> tuple[int, Path]:
    """Log the training to the active run and register the model.

    Returns:
        The version in the registry, and the path of the report.
    """
    evaluation, policy = summary.evaluation, summary.policy
    trained_model = evaluation.trained_model
    model_metadata = summary.model_metadata.model_copy(update={"card": render_model_card(summary)})
    description = build_version_description(summary)
    log_run(summary, data.metadata, description)
    log_plots(evaluation.training_set, trained_model, evaluation.explanation_sample, policy)
    report_path = log_reports(summary, settings, auxiliary_pseudonyms=data.auxiliary_pseudonyms)
    registry_metadata = build_registry_metadata(
        trained_model, policy, summary.model_metadata.metrics
    )
    model_version = register_model(
        trained_model.booster, model_metadata, metadata=registry_metadata
    )
    describe_version(settings, model_version, description, build_version_tags(summary))
    return model_version, report_path


def _promote_or_refuse(
    summary: TrainingSummary, model_version: int, request: _TrainingRequest
) -> None:
    """Promote the model to champion, or mark it as refused by its blocking gates."""
    if summary.blocking_codes:
        mark_version_refused(request.settings, model_version, summary.blocking_codes)
        return
    with request.progress.step("champion in the BentoML store"):
        promote_version(request.settings, model_version)
