"""Add clients of other folders to a training set; the model is not evaluated on them.

A lender may have many applications without histories, and few with them. The model learns
from both; it is evaluated, calibrated and explained on the clients with histories only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stores.dossiers.parquet import DossierFile
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LABELLED_APPLICATION_FILE_NAME, LenderMapping
from stores.raw_tables.tables import resolve_table_file
from stores.settings import Settings
from training.data.dataset import AuxiliaryRows, TrainingSet
from training.data.fingerprints import client_pseudonyms
from training.data.loading import load_labelled_dossiers
from training.data.preparation import prepare_training_set


@dataclass(frozen=True, kw_only=True)
class AuxiliaryData:
    """A training set with auxiliary clients of other folders."""

    training_set: TrainingSet
    pseudonyms: NDArray[np.uint64]
    """Pseudonyms of the auxiliary clients."""
    metadata: list[dict[str, Any]]
    """Fingerprint, size and origin of each folder."""


def add_auxiliary_clients(
    settings: Settings,
    training_set: TrainingSet,
    dossiers: DossierFile,
    auxiliary_folders: Sequence[Path],
    *,
    seed: int,
    progress: ProgressReporter,
    lender: LenderMapping | None = None,
) -> AuxiliaryData:
    """Add the labelled clients of other folders to the training rows of every fold.

    Clients of both folders are not added: the model would be evaluated on its training rows.

    Raises:
        InvalidTables: The tables of a folder break the schema.
    """
    own_pseudonyms = known_pseudonyms = client_pseudonyms(dossiers)
    folders_metadata: list[dict[str, Any]] = []
    for folder in auxiliary_folders:
        folder_dossiers, metadata = load_labelled_dossiers(settings, folder, progress, lender)
        folder_pseudonyms = client_pseudonyms(folder_dossiers)
        new_rows = np.flatnonzero(~np.isin(folder_pseudonyms, known_pseudonyms))
        known_pseudonyms = np.union1d(known_pseudonyms, folder_pseudonyms)
        with progress.step("features", len(folder_dossiers)) as advance:
            new_clients = prepare_training_set(folder_dossiers, seed=seed, progress=advance).take(
                new_rows
            )
        progress.log(
            f"{len(new_rows):,} clients of {folder} added to the training set; "
            f"{len(folder_dossiers) - len(new_rows):,} are known already"
        )
        training_set = replace(
            training_set, auxiliary=_append_auxiliary_clients(training_set, new_clients)
        )
        folders_metadata.append(
            {name: metadata[name] for name in ("fingerprint", "clients", "synthetic")}
        )
    return AuxiliaryData(
        training_set=training_set,
        pseudonyms=np.setdiff1d(known_pseudonyms, own_pseudonyms),
        metadata=folders_metadata,
    )


def find_labelled_subfolders(folder: Path, lender: LenderMapping | None) -> list[Path]:
    """Return the sub-folders that hold a file of labelled applications, sorted by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and resolve_table_file(path, LABELLED_APPLICATION_FILE_NAME, lender)
    )


def _append_auxiliary_clients(
    training_set: TrainingSet, new_clients: TrainingSet
) -> AuxiliaryRows:
    auxiliary_clients = replace(new_clients, auxiliary=None)
    if training_set.auxiliary is None:
        return AuxiliaryRows.from_other_clients(auxiliary_clients)
    return training_set.auxiliary.append_clients(auxiliary_clients)
