"""What experiments share: settings, model parameters, and the clients that they use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credit.dossier import Floats
from credit.policy import Policy, load_policy
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.settings import Settings
from training.data.dataset import TrainingSet
from training.data.fingerprints import fingerprint_features
from training.data.loading import load_labelled_dossiers
from training.data.preparation import prepare_training_set, stratified_sample
from training.experiments.ablation_variants import encode_sex
from training.model.hyperparameters import choose_parameters
from training.tracking.provenance import Provenance


@dataclass(frozen=True, kw_only=True)
class ExperimentContext:
    """The settings of an experiment."""

    settings: Settings
    progress: ProgressReporter
    lender: LenderMapping | None
    """Column names, categories and units of the lender's own files; None for Kaggle's."""
    parameters: Mapping[str, Any] | None
    """Hyperparameters of the served model; None for the defaults."""


@dataclass(frozen=True, kw_only=True)
class ExperimentData:
    """The clients of an experiment."""

    training_set: TrainingSet
    parameters: Mapping[str, Any]
    """Hyperparameters of the served model."""
    sex: Floats
    """1 for men, 0 for women, NaN if unknown. Only the ablation uses it; it is not a feature."""
    data_metadata: dict[str, Any]
    policy: Policy
    provenance: Provenance
    """Stored with the results of the experiment."""


def load_experiment_data(
    context: ExperimentContext, folder: Path, *, sample_size: int | None, seed: int
) -> ExperimentData:
    """Load the labelled clients of a folder and build their features.

    Args:
        sample_size: Number of clients to sample at random, stratified by label. None uses all.

    Raises:
        InvalidTables: the tables violate the schema.
    """
    dossiers, data_metadata = load_labelled_dossiers(
        context.settings, folder, context.progress, context.lender
    )
    with context.progress.step("features", len(dossiers)) as advance:
        training_set = prepare_training_set(dossiers, seed=seed, progress=advance)
    sex = encode_sex(dossiers.read_column("CODE_GENDER"))
    # The digest covers all clients, so that it does not depend on the sample.
    feature_digest, total_clients = fingerprint_features(training_set), len(training_set)
    if sample_size and sample_size < total_clients:
        context.progress.log(f"sampled {sample_size:,} of {total_clients:,} clients at random")
        rows = stratified_sample(training_set, sample_size, seed=seed)
        training_set, sex = training_set.take(rows), sex[rows]
    parameters = choose_parameters(context.parameters, len(training_set), context.progress.log)
    return ExperimentData(
        training_set=training_set,
        parameters=parameters,
        sex=sex,
        data_metadata={
            **data_metadata,
            "clients": len(training_set),
            "everybody": total_clients,
            "seed": seed,
        },
        policy=load_policy(datetime.now(UTC).date()),
        provenance=Provenance.from_metadata(
            data_metadata,
            parameters,
            formulas=feature_digest,
            seed=seed,
            sample_size=len(training_set),
        ),
    )
