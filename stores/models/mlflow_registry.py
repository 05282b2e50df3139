"""Register models in MLflow, promote them, and import them into the BentoML store.

booster + metadata ──► MLflow run ──► version ──► alias champion ──► Bento model ──► serving.json
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bentoml
import lightgbm as lgb
import mlflow
from bentoml.exceptions import NotFound
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from credit.features import CATALOGUE
from credit.scorer import ModelMetadata
from stores.models.bento_store import METADATA_PATH, MODEL_NAME, set_champion_tag
from stores.models.mlflow_artifacts import (
    get_artifact_root,
    move_artifact_locations,
    move_default_experiment_into_home,
)
from stores.settings import Settings

EXPERIMENT_NAME = "credit-scoring"
CHAMPION_ALIAS = "champion"
PREVIOUS_ALIAS = "previous"
REFUSED_TAG = "refused"
"""Tag of a version that gates refused; its value lists their codes."""


def open_experiment(settings: Settings) -> str:
    """Return the id of the MLflow experiment under `home`; create it if absent.

    If the home was moved, the stored locations of its artifacts are updated first.
    """
    (settings.home / "mlflow").mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(settings.mlflow_uri)
    experiment = mlflow.get_experiment_by_name(EXPERIMENT_NAME)
    if experiment:
        move_artifact_locations(settings, experiment.artifact_location)
        experiment_id = experiment.experiment_id
    else:
        experiment_id = mlflow.create_experiment(
            EXPERIMENT_NAME, artifact_location=get_artifact_root(settings)
        )
    move_default_experiment_into_home(settings)
    return str(experiment_id)


def register_model(
    booster: lgb.Booster, model_metadata: ModelMetadata, *, metadata: Mapping[str, Any]
) -> int:
    """Log a model to the active run and register it.

    Args:
        booster: The calibrated trees.
        model_metadata: Stored as JSON next to the trees.
        metadata: Further metadata of the MLflow model.

    Returns:
        The version number.
    """
    columns: list[ColSpec | TensorSpec] = [
        ColSpec("double", name, required=False) for name in CATALOGUE
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, METADATA_PATH.name)
        path.write_text(model_metadata.model_dump_json())
        info = mlflow.lightgbm.log_model(
            booster,
            name="model",
            signature=ModelSignature(Schema(columns), Schema([ColSpec("double", "risk")])),
            extra_files=[str(path)],
            pip_requirements=[f"lightgbm=={version('lightgbm')}"],
            metadata=dict(metadata),
            registered_model_name=MODEL_NAME,
        )
    return int(info.registered_model_version)


def describe_version(
    settings: Settings, version_number: int, description: str, tags: Mapping[str, str]
) -> None:
    """Set the description and the tags of a registered version.

    Args:
        settings: Where the registry is.
        version_number: The version.
        description: Markdown.
        tags: Values by name.
    """
    client = mlflow.MlflowClient(settings.mlflow_uri)
    client.update_model_version(MODEL_NAME, str(version_number), description)
    for name, value in tags.items():
        client.set_model_version_tag(MODEL_NAME, str(version_number), name, value)


@dataclass(frozen=True, kw_only=True)
class RegisteredVersion:
    """A version in the registry."""

    tag: str
    """Tag in the BentoML store, which holds versions from their promotion on."""
    run_id: str


def get_champion_version(settings: Settings) -> RegisteredVersion | None:
    """Return the champion, or None if no version was promoted under this home."""
    client = mlflow.MlflowClient(settings.mlflow_uri)
    try:
        version_number = client.get_registered_model(MODEL_NAME).aliases.get(CHAMPION_ALIAS)
    except MlflowException:  # nothing was ever registered
        return None
    if version_number is None:
        return None
    run_id = str(client.get_model_version(MODEL_NAME, version_number).run_id)
    return RegisteredVersion(tag=f"{MODEL_NAME}:{version_number}", run_id=run_id)


def mark_version_refused(settings: Settings, version_number: int, codes: Sequence[str]) -> str:
    """Tag a registered version and its run as refused by gates; nothing else changes.

    Args:
        settings: Where the registry is.
        version_number: The refused version.
        codes: Codes of the gates that refused it.

    Returns:
        The name of the version, such as `credit-scorer:7`.
    """
    client = mlflow.MlflowClient(settings.mlflow_uri)
    gate_codes = " ".join(codes)
    client.set_model_version_tag(MODEL_NAME, str(version_number), REFUSED_TAG, gate_codes)
    client.set_tag(
        str(client.get_model_version(MODEL_NAME, str(version_number)).run_id),
        REFUSED_TAG,
        gate_codes,
    )
    return f"{MODEL_NAME}:{version_number}"


def promote_version(settings: Settings, version_number: int) -> str:
    """Make a registered version the champion: aliases, Bento model, `serving.json`, log.

    MLflow cannot move two aliases at once: `previous` is moved first, so that a failure in between
    still leaves a champion. `promotions.jsonl` keeps the history of champions; MLflow does not.

    Returns:
        The champion's BentoML tag.
    """
    client = mlflow.MlflowClient(settings.mlflow_uri)
    aliases = client.get_registered_model(MODEL_NAME).aliases
    replaced_version = aliases.get(CHAMPION_ALIAS)
    if replaced_version and int(replaced_version) != version_number:
        client.set_registered_model_alias(MODEL_NAME, PREVIOUS_ALIAS, replaced_version)
    client.set_registered_model_alias(MODEL_NAME, CHAMPION_ALIAS, str(version_number))
    tag = import_to_bento_store(client, version_number)
    set_champion_tag(settings, tag)
    timestamp = datetime.now(UTC).isoformat()
    entry = {"at": timestamp, "version": version_number, "tag": tag, "replaced": replaced_version}
    with (settings.home / "promotions.jsonl").open("a") as log_file:
        log_file.write(json.dumps(entry) + "\n")
    return tag


def import_to_bento_store(client: mlflow.MlflowClient, version_number: int) -> str:
    """Import a registered version, with its lineage, into the BentoML store if absent.

    Returns:
        Its BentoML tag.
    """
    tag = f"{MODEL_NAME}:{version_number}"
    try:
        bentoml.models.get(tag)
    except NotFound:
        uri = f"models:/{MODEL_NAME}/{version_number}"
        model_version = client.get_model_version(MODEL_NAME, str(version_number))
        model_metadata = mlflow.models.get_model_info(uri).metadata or {}
        lineage = {
            "version": tag,
            "run_id": model_version.run_id,
            "registry_version": version_number,
        }
        bentoml.mlflow.import_model(tag, uri, metadata={**model_metadata, **lineage})
    return tag
