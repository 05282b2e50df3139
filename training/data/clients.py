"""Load the clients of a training: those of its folder, and auxiliary clients to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stores.dossiers.engine import Engine
from stores.dossiers.parquet import DossierFile
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.settings import Settings
from training.data.auxiliary import add_auxiliary_clients, find_labelled_subfolders
from training.data.dataset import TrainingSet
from training.data.loading import load_labelled_dossiers
from training.data.preparation import MaskingShares, prepare_training_set


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The clients of a training."""

    training_set: TrainingSet
    dossiers: DossierFile
    """The labelled clients of the data folder, without the auxiliary clients."""
    metadata: Mapping[str, Any]
    auxiliary_pseudonyms: NDArray[np.uint64]
    auxiliary_folders: Sequence[Path]


def load_training_data(
    settings: Settings,
    data: Path,
    *,
    auxiliary_folders: Sequence[Path],
    seed: int,
    progress: ProgressReporter,
    lender: LenderMapping | None = None,
    engine: Engine = Engine.LOCAL,
) -> TrainingData:
    """Read the tables, build the features, and add the auxiliary clients.

    Sub-folders of the data folder that hold labelled applications are auxiliary folders as well.

    Raises:
        InvalidTables: The tables of a folder break the schema.
        SparkUnavailable: The engine is Spark, and Java or PySpark is missing.
    """
    auxiliary_folders = [*auxiliary_folders, *find_labelled_subfolders(data, lender)]
    dossiers, metadata = load_labelled_dossiers(settings, data, progress, lender, engine)
    shares = MaskingShares.with_auxiliary_forms() if auxiliary_folders else MaskingShares()
    with progress.step("features", len(dossiers)) as advance:
        training_set = prepare_training_set(dossiers, seed=seed, progress=advance, shares=shares)
    auxiliary = add_auxiliary_clients(
        settings,
        training_set,
        dossiers,
        auxiliary_folders,
        seed=seed,
        progress=progress,
        lender=lender,
    )
    if auxiliary_folders:
        metadata["also"] = auxiliary.metadata
    return TrainingData(
        training_set=auxiliary.training_set,
        dossiers=dossiers,
        metadata=metadata,
        auxiliary_pseudonyms=auxiliary.pseudonyms,
        auxiliary_folders=auxiliary_folders,
    )
