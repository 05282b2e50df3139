"""Log the clients of a training as a dataset of the MLflow run, without a row of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow
from mlflow.data.dataset_source_registry import get_dataset_source_from_json
from mlflow.data.meta_dataset import MetaDataset

from training.data.dataset import TrainingSet

DIGEST_LENGTH = 16
"""Characters of the fingerprint that the reports and the files of dossiers show."""


class ClientDataset(MetaDataset):
    """The name, digest, source and summary statistics of a folder of tables."""

    def __init__(
        self, folder: Path, name: str, fingerprint: str, profile: Mapping[str, Any]
    ) -> None:
        """Describe a folder.

        Args:
            folder: The folder of tables.
            name: Name shown by MLflow.
            fingerprint: Fingerprint of the files.
            profile: Counts and shares over all clients.
        """
        self._profile = profile
        # Resolving a plain path warns of two candidates: MLflow registers the local one twice.
        source = get_dataset_source_from_json(json.dumps({"uri": str(folder.absolute())}), "local")
        super().__init__(source=source, name=name, digest=fingerprint[:DIGEST_LENGTH])

    @property
    def profile(self) -> Mapping[str, Any]:
        """Return the counts and shares."""
        return self._profile

    def to_dict(self) -> dict[str, str]:
        """Return what MLflow stores, with the profile as JSON."""
        return {**super().to_dict(), "profile": json.dumps(dict(self._profile))}


def log_dataset_inputs(
    data_metadata: Mapping[str, Any],
    training_set: TrainingSet,
    folder: Path,
    auxiliary_folders: Sequence[Path],
) -> None:
    """Log the folders of a training as inputs of the active run.

    Args:
        data_metadata: Provenance of the clients, with that of the auxiliary folders under `also`.
        training_set: The clients.
        folder: Folder of the clients that the model is evaluated on.
        auxiliary_folders: Folders of clients that are added to the training data only.
    """
    profile = profile_clients(data_metadata, training_set)
    name = "synthetic clients" if data_metadata["synthetic"] else "labelled clients"
    mlflow.log_input(
        ClientDataset(folder, name, data_metadata["fingerprint"], profile), context="training"
    )
    for dataset in _describe_auxiliary_folders(data_metadata, auxiliary_folders):
        mlflow.log_input(dataset, context="auxiliary")


def profile_clients(data_metadata: Mapping[str, Any], training_set: TrainingSet) -> dict[str, Any]:
    """Return counts and shares over all clients."""
    return {
        "clients": len(training_set),
        "features": len(training_set.features),
        "difficulty_rate": float(training_set.labels.mean()),
        "known_histories": {
            name: float(known.mean()) for name, known in training_set.known_histories.items()
        },
        "absent_tables": list(data_metadata["absent_tables"]),
        "dropped_rows": dict(data_metadata["dropped_rows"]),
        "synthetic": bool(data_metadata["synthetic"]),
    }


def _describe_auxiliary_folders(
    data_metadata: Mapping[str, Any], folders: Sequence[Path]
) -> Iterator[ClientDataset]:
    for folder, metadata in zip(folders, data_metadata.get("also", ()), strict=True):
        profile = {name: metadata[name] for name in ("clients", "synthetic") if name in metadata}
        yield ClientDataset(folder, "auxiliary clients", metadata["fingerprint"], profile)
