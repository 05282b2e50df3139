"""What is sent: the same clients as ids, dossiers and ready features, in each server's tongue."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import orjson
import pandas as pd

from benchmarks.contenders import Sent
from credit.features import CATALOGUE
from credit.underwriting import score
from loadtests.material import dossiers
from stores.cli import Steps
from stores.clients.store import ClientStore
from stores.models.bento_store import TREES, find, load, serving_tag
from stores.settings import Settings

CALLS = 256
"""Different bodies of each kind; they are sent round and round."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What servers are given and asked."""

    bodies: Mapping[Sent, Sequence[bytes]]
    clients: Sequence[int]
    table: Path
    """Parquet of ready features with a label, for whoever fits a model of its own."""
    model: Path
    """The champion as an MLflow model."""


def material(where: Settings, folder: Path, steps: Steps) -> Material:
    """Make what is sent from the champion's clients and from synthetic dossiers."""
    lines = dossiers(where, steps).read_bytes().splitlines()
    with steps.step("ready features", len(lines)) as advance:
        model = find(serving_tag(where, Path(__file__)))
        scorer = load(model)
        features, labels = [], []
        for line in lines:
            [scored] = score(scorer, [orjson.loads(line)])
            features.append(scorer.values(scored.row))
            labels.append(random.random() < scored.risk)  # noqa: S311
            advance(1)
    table = pd.DataFrame(features).assign(label=labels)
    trees = lgb.Booster(model_file=str(Path(model.path, TREES))).num_trees()
    table.attrs["trees"] = trees
    table.to_parquet(folder / "table.parquet")
    [found, _] = ClientStore(where.clients).search("", CALLS)
    rows = [score(scorer, [orjson.loads(line)])[0].row for line in lines[:CALLS]]
    return Material(
        bodies={
            Sent.CLIENT: [orjson.dumps({"client_id": client}) for client in found],
            Sent.DOSSIER: [b'{"dossier":' + line + b"}" for line in lines[:CALLS]],
            Sent.FEATURES: [orjson.dumps(one) for one in features[:CALLS]],
            Sent.FRAME: [orjson.dumps(_frame(row)) for row in rows],
            Sent.TENSOR: [orjson.dumps(_tensor(row)) for row in rows],
        },
        clients=found,
        table=folder / "table.parquet",
        model=Path(model.path, "mlflow_model"),
    )


def _frame(row: np.ndarray[Any, Any]) -> dict[str, Any]:
    cells = [None if np.isnan(cell) else float(cell) for cell in row]
    return {"dataframe_split": {"columns": list(CATALOGUE), "data": [cells]}}


def _tensor(row: np.ndarray[Any, Any]) -> dict[str, Any]:
    # The protocol has no unknown: for speed alone, zero does as well.
    cells = np.nan_to_num(row).tolist()
    tensor = {"name": "row", "shape": [1, len(row)], "datatype": "FP32", "data": cells}
    return {"inputs": [tensor]}
