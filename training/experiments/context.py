"""Where a study is made: settings, parameters, and the clients who are studied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from stores.cli import report_errors
from stores.progress import ProgressReporter
from stores.settings import Settings, configure_libraries, get_settings
from training.cli.options import DEFAULT_SYNTHETIC_CLIENTS, generate_synthetic_tables

if TYPE_CHECKING:
    from credit.dossier import Floats
    from credit.policy import Policy
    from stores.raw_tables.lender_mapping import LenderMapping
    from training.data.dataset import TrainingSet
    from training.tracking.report_store import Provenance

# Libraries are imported when a study begins: they read their environment then; --help stays quick.
# ruff: noqa: PLC0415


@dataclass(frozen=True, kw_only=True)
class ExperimentContext:
    """What a study works with."""

    settings: Settings
    progress: ProgressReporter
    console: Console
    lender: LenderMapping | None
    """Names, words and units of the lender's own files."""
    parameters: Mapping[str, Any]
    """Of the served model."""


@dataclass(frozen=True, kw_only=True)
class ExperimentData:
    """Who is studied."""

    training_set: TrainingSet
    sex: Floats
    """For the ablation alone, beside the material."""
    data_metadata: dict[str, Any]
    policy: Policy
    provenance: Provenance
    """What a study says of where it comes from."""


@contextmanager
def experiment_context(
    lender: Path | None, parameters: Path | None = None
) -> Iterator[ExperimentContext]:
    """Settings, the lender's mapping and parameters read, libraries directed, errors told."""
    console = Console()
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        from stores.raw_tables.lender_mapping import LenderMapping
        from training.model.hyperparameters import resolve_parameters

        progress = ProgressReporter(console)
        yield ExperimentContext(
            settings=settings,
            progress=progress,
            console=console,
            lender=LenderMapping.from_yaml(lender) if lender else None,
            parameters=resolve_parameters(parameters, progress.log),
        )


def load_experiment_data(
    context: ExperimentContext,
    data: Path | None,
    clients: int | None,
    seed: int,
    *,
    max_clients: int | None = None,
) -> ExperimentData:
    """Clients of the data, or synthetic ones.

    Args:
        clients: How many are drawn, or made.
        most: Drawn where nothing is said.
    """
    from datetime import UTC, datetime

    from credit.policy import load_policy
    from training.data.dataset import prepare_training_set, stratified_sample
    from training.data.fingerprints import fingerprint_features
    from training.data.loading import load_labelled_dossiers
    from training.experiments.ablation_variants import encode_sex
    from training.tracking.report_store import Provenance

    folder = data or generate_synthetic_tables(
        context.settings, clients or DEFAULT_SYNTHETIC_CLIENTS, seed, context.progress
    )
    dossiers, data_metadata = load_labelled_dossiers(
        context.settings, folder, context.progress, context.lender
    )
    with context.progress.step("features", len(dossiers)) as advance:
        training_set = prepare_training_set(dossiers, seed=seed, progress=advance)
    sex = encode_sex(dossiers.read_column("CODE_GENDER"))
    feature_digest, total_clients, sample_size = (
        fingerprint_features(training_set),
        len(training_set),
        clients or max_clients,
    )
    if sample_size and sample_size < total_clients:
        context.progress.log(f"{sample_size:,} of {total_clients:,} clients, drawn at random")
        rows = stratified_sample(training_set, sample_size, seed=seed)
        training_set, sex = training_set.take(rows), sex[rows]
    return ExperimentData(
        training_set=training_set,
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
            context.parameters,
            formulas=feature_digest,
            seed=seed,
            sample_size=len(training_set),
        ),
    )
