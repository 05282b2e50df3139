"""Find and load the serving model in the BentoML store, without MLflow.

serving.json ──► tag ──► Bento model ──► trees (LightGBM text) + metadata (JSON) ──► Scorer
"""

from __future__ import annotations

import json
from pathlib import Path

import bentoml
import yaml
from bentoml.exceptions import NotFound

from credit.errors import CreditError
from credit.scorer import ModelMetadata, Scorer
from stores.atomic_files import atomic_write
from stores.settings import Settings

MODEL_NAME = "credit-scorer"
"""Name of the model in MLflow's registry and in the BentoML store."""

TREES_PATH = Path("mlflow_model", "model.lgb")
METADATA_PATH = Path("mlflow_model", "extra_files", "facts.json")


class ChampionNotFound(CreditError):
    """There is no model to serve."""

    code = "no-champion"


def get_champion_tag(settings: Settings) -> str:
    """Return the tag of the serving model: the pinned one, else the champion's.

    Raises:
        ChampionNotFound: no model is pinned and none was promoted.
    """
    if settings.model:
        return settings.model
    if not settings.serving_path.exists():
        raise ChampionNotFound(
            f"no model serves under {settings.home}: run `python -m training` first"
        )
    tag: str = json.loads(settings.serving_path.read_text())["tag"]
    return tag


def resolve_serving_tag(settings: Settings, source: Path) -> str:
    """Return the tag that a service file serves: pinned, else packed in its bento, else champion.

    A built bento has its source under `src/`, next to the `bento.yaml` that lists its models.

    Args:
        settings: The pinned tag and the home of the champion.
        source: The service file.

    Raises:
        ChampionNotFound: no model is pinned, packed or promoted.
    """
    manifest = source.resolve().parent.parent / "bento.yaml"
    if settings.model is None and source.parent.name == "src" and manifest.exists():
        [service] = yaml.safe_load(manifest.read_text())["services"]
        return str(service["models"][0]["tag"])
    return get_champion_tag(settings)


def find_bento_model(tag: str) -> bentoml.Model:
    """Return the model of a tag.

    Raises:
        ChampionNotFound: the BentoML store has no such model.
    """
    try:
        return bentoml.models.get(tag)
    except NotFound as error:
        raise ChampionNotFound(f"the BentoML store holds no model {tag}") from error


def load_scorer(model: bentoml.Model) -> Scorer:
    """Build the scorer from a BentoML model."""
    return Scorer(
        Path(model.path, TREES_PATH).read_text(),
        load_model_metadata(model),
        version=str(model.info.metadata["version"]),
        run_id=str(model.info.metadata["run_id"]),
    )


def load_model_metadata(model: bentoml.Model) -> ModelMetadata:
    """Read the metadata of a model, even if this code no longer builds its features."""
    return ModelMetadata.model_validate_json(Path(model.path, METADATA_PATH).read_bytes())


def set_champion_tag(settings: Settings, tag: str) -> None:
    """Make a model the serving one: replace `serving.json` atomically."""
    with atomic_write(settings.serving_path) as temp_path:
        temp_path.write_text(json.dumps({"tag": tag}))
