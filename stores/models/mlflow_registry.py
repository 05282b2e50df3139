"""MLflow's registry and the BentoML store: what is logged, registered, promoted and imported.

booster + facts ──► MLflow run ──► version ──► alias champion ──► Bento model ──► serving.json
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
from credit.scorer import Facts
from stores.models.bento_store import FACTS, MODEL, name_champion
from stores.settings import Settings

EXPERIMENT = "credit-scoring"
CHAMPION = "champion"
PREVIOUS = "previous"
REFUSED = "refused"
"""The tag of a version that a gate refused; its value names the gates."""


def open_experiment(where: Settings) -> str:
    """The id of the experiment whose artefacts lie under `home`, made when it is not there."""
    (where.home / "mlflow").mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(where.mlflow_uri)
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    if experiment:
        return str(experiment.experiment_id)
    artefacts = (where.home / "mlflow" / "artifacts").absolute().as_uri()
    return str(mlflow.create_experiment(EXPERIMENT, artifact_location=artefacts))


def register(booster: lgb.Booster, facts: Facts, *, metadata: Mapping[str, Any]) -> int:
    """Log a model to the active run and register it.

    Returns:
        The number of its version.
    """
    columns: list[ColSpec | TensorSpec] = [
        ColSpec("double", name, required=False) for name in CATALOGUE
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, FACTS.name)
        path.write_text(facts.model_dump_json())
        info = mlflow.lightgbm.log_model(
            booster,
            name="model",
            signature=ModelSignature(Schema(columns), Schema([ColSpec("double", "risk")])),
            extra_files=[str(path)],
            pip_requirements=[f"lightgbm=={version('lightgbm')}"],
            metadata=dict(metadata),
            registered_model_name=MODEL,
        )
    return int(info.registered_model_version)


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A version in the registry."""

    tag: str
    """In the BentoML store, once it was promoted."""
    run_id: str


def champion_version(where: Settings) -> Registered | None:
    """The champion, or None when no version was promoted under this home."""
    client = mlflow.MlflowClient(where.mlflow_uri)
    try:
        number = client.get_registered_model(MODEL).aliases.get(CHAMPION)
    except MlflowException:  # nothing was ever registered
        return None
    if number is None:
        return None
    run_id = str(client.get_model_version(MODEL, number).run_id)
    return Registered(tag=f"{MODEL}:{number}", run_id=run_id)


def refuse(where: Settings, number: int, codes: Sequence[str]) -> str:
    """Mark a registered version, and its run, as refused by these gates; nothing else changes.

    Returns:
        The name of the version.
    """
    client = mlflow.MlflowClient(where.mlflow_uri)
    told = " ".join(codes)
    client.set_model_version_tag(MODEL, str(number), REFUSED, told)
    client.set_tag(str(client.get_model_version(MODEL, str(number)).run_id), REFUSED, told)
    return f"{MODEL}:{number}"


def promote(where: Settings, number: int) -> str:
    """Make a registered version the champion: aliases, Bento model, `serving.json`, log.

    MLflow cannot move two aliases at once: `previous` goes first, so that a failure between the
    two leaves a champion. What served when is told by `promotions.jsonl`; MLflow forgets.

    Returns:
        The champion's BentoML tag.
    """
    client = mlflow.MlflowClient(where.mlflow_uri)
    aliases = client.get_registered_model(MODEL).aliases
    replaced = aliases.get(CHAMPION)
    if replaced and int(replaced) != number:
        client.set_registered_model_alias(MODEL, PREVIOUS, replaced)
    client.set_registered_model_alias(MODEL, CHAMPION, str(number))
    tag = import_model(client, number)
    name_champion(where, tag)
    moment = datetime.now(UTC).isoformat()
    entry = {"at": moment, "version": number, "tag": tag, "replaced": replaced}
    with (where.home / "promotions.jsonl").open("a") as log:
        log.write(json.dumps(entry) + "\n")
    return tag


def import_model(client: mlflow.MlflowClient, number: int) -> str:
    """Bring a registered version into the BentoML store, once, with its lineage."""
    tag = f"{MODEL}:{number}"
    try:
        bentoml.models.get(tag)
    except NotFound:
        uri = f"models:/{MODEL}/{number}"
        registered = client.get_model_version(MODEL, str(number))
        told = mlflow.models.get_model_info(uri).metadata or {}
        lineage = {"version": tag, "run_id": registered.run_id, "registry_version": number}
        bentoml.mlflow.import_model(tag, uri, metadata={**told, **lineage})
    return tag
