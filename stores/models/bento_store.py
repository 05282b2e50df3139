"""The model that serves: found by its tag in the BentoML store, read without MLflow.

serving.json ──► tag ──► Bento model ──► trees (LightGBM text) + facts (JSON) ──► Scorer
"""

from __future__ import annotations

import json
from pathlib import Path

import bentoml
import yaml
from bentoml.exceptions import NotFound

from credit.errors import CreditError
from credit.scorer import ModelMetadata, Scorer
from stores.settings import Settings

MODEL_NAME = "credit-scorer"
"""Its name in MLflow's registry and in the BentoML store."""

TREES_PATH = Path("mlflow_model", "model.lgb")
METADATA_PATH = Path("mlflow_model", "extra_files", "facts.json")


class ChampionNotFound(CreditError):
    """No model has been promoted under this home."""

    code = "no-champion"


def get_champion_tag(settings: Settings) -> str:
    """The tag of the model that serves: the pinned one, else the champion's.

    Raises:
        NoChampion: nothing is pinned and nothing was promoted.
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
    """The tag that a service file serves: pinned, else packed in its bento, else the champion.

    A built bento keeps its source under `src/`, beside the `bento.yaml` that lists its models.
    """
    manifest = source.resolve().parent.parent / "bento.yaml"
    if settings.model is None and source.parent.name == "src" and manifest.exists():
        [service] = yaml.safe_load(manifest.read_text())["services"]
        return str(service["models"][0]["tag"])
    return get_champion_tag(settings)


def find_bento_model(tag: str) -> bentoml.Model:
    """The model behind a tag.

    Raises:
        NoChampion: the BentoML store holds no such model.
    """
    try:
        return bentoml.models.get(tag)
    except NotFound as error:
        raise ChampionNotFound(f"the BentoML store holds no model {tag}") from error


def load_scorer(model: bentoml.Model) -> Scorer:
    """The scorer in a BentoML model."""
    return Scorer(
        Path(model.path, TREES_PATH).read_text(),
        load_model_metadata(model),
        version=str(model.info.metadata["version"]),
        run_id=str(model.info.metadata["run_id"]),
    )


def load_model_metadata(model: bentoml.Model) -> ModelMetadata:
    """What is known of a model, even of one whose features are no longer built."""
    return ModelMetadata.model_validate_json(Path(model.path, METADATA_PATH).read_bytes())


def set_champion_tag(settings: Settings, tag: str) -> None:
    """Point serving at a model, in one step that a reader sees whole or not at all."""
    temp_path = settings.serving_path.with_suffix(".part")
    temp_path.write_text(json.dumps({"tag": tag}))
    temp_path.replace(settings.serving_path)
