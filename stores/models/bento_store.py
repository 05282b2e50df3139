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
from credit.scorer import Facts, Scorer
from stores.settings import Settings

MODEL = "credit-scorer"
"""Its name in MLflow's registry and in the BentoML store."""

TREES = Path("mlflow_model", "model.lgb")
FACTS = Path("mlflow_model", "extra_files", "facts.json")


class NoChampion(CreditError):
    """No model has been promoted under this home."""

    code = "no-champion"


def champion_tag(where: Settings) -> str:
    """The tag of the model that serves: the pinned one, else the champion's.

    Raises:
        NoChampion: nothing is pinned and nothing was promoted.
    """
    if where.model:
        return where.model
    if not where.serving.exists():
        raise NoChampion(f"no model serves under {where.home}: run `python -m training` first")
    tag: str = json.loads(where.serving.read_text())["tag"]
    return tag


def serving_tag(where: Settings, source: Path) -> str:
    """The tag that a service file serves: pinned, else packed in its bento, else the champion.

    A built bento keeps its source under `src/`, beside the `bento.yaml` that lists its models.
    """
    manifest = source.resolve().parent.parent / "bento.yaml"
    if where.model is None and source.parent.name == "src" and manifest.exists():
        [service] = yaml.safe_load(manifest.read_text())["services"]
        return str(service["models"][0]["tag"])
    return champion_tag(where)


def find(tag: str) -> bentoml.Model:
    """The model behind a tag.

    Raises:
        NoChampion: the BentoML store holds no such model.
    """
    try:
        return bentoml.models.get(tag)
    except NotFound as error:
        raise NoChampion(f"the BentoML store holds no model {tag}") from error


def load(model: bentoml.Model) -> Scorer:
    """The scorer in a BentoML model."""
    return Scorer(
        Path(model.path, TREES).read_text(),
        facts_of(model),
        version=str(model.info.metadata["version"]),
        run_id=str(model.info.metadata["run_id"]),
    )


def facts_of(model: bentoml.Model) -> Facts:
    """What is known of a model, even of one whose features are no longer built."""
    return Facts.model_validate_json(Path(model.path, FACTS).read_bytes())


def name_champion(where: Settings, tag: str) -> None:
    """Point serving at a model, in one step that a reader sees whole or not at all."""
    part = where.serving.with_suffix(".part")
    part.write_text(json.dumps({"tag": tag}))
    part.replace(where.serving)
