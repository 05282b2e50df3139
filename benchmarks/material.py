"""Build the payloads: the same clients as ids, dossiers and features, in each server's format."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import orjson
import pandas as pd

from benchmarks.contenders import PayloadKind
from credit.features import CATALOGUE
from credit.policy import load_policy
from credit.underwriting import score_dossiers
from loadtests.material import prepare_dossier_file
from stores.clients.store import ClientStore
from stores.models.bento_store import (
    TREES_PATH,
    find_bento_model,
    load_scorer,
    resolve_serving_tag,
)
from stores.progress import ProgressReporter
from stores.settings import Settings

MAX_PAYLOADS = 256
"""Distinct bodies of each kind; they are sent in rotation."""


@dataclass(frozen=True, kw_only=True)
class BenchmarkPayloads:
    """Payloads and files for the compared servers."""

    bodies: Mapping[PayloadKind, Sequence[bytes]]
    clients: Sequence[int]
    table: Path
    """Parquet of features with a label, for servers that train a model of their own."""
    model: Path
    """The champion as an MLflow model."""


def build_payloads(settings: Settings, folder: Path, steps: ProgressReporter) -> BenchmarkPayloads:
    """Build the payloads from the champion's clients and from synthetic dossiers."""
    lines = prepare_dossier_file(settings, steps).read_bytes().splitlines()
    with steps.step("ready features", len(lines)) as advance:
        model = find_bento_model(resolve_serving_tag(settings, Path(__file__)))
        scorer = load_scorer(model)
        policy = load_policy(datetime.now(UTC).date())
        features, labels = [], []
        for line in lines:
            [scored] = score_dossiers(scorer, [orjson.loads(line)], policy)
            features.append(scorer.decode_row(scored.row))
            labels.append(random.random() < scored.risk)  # noqa: S311
            advance(1)
    table = pd.DataFrame(features).assign(label=labels)
    trees = lgb.Booster(model_file=str(Path(model.path, TREES_PATH))).num_trees()
    table.attrs["trees"] = trees
    table.to_parquet(folder / "table.parquet")
    [client_ids, _] = ClientStore(settings.clients_path).search("", MAX_PAYLOADS)
    rows = scorer.build_features([orjson.loads(line) for line in lines[:MAX_PAYLOADS]])
    return BenchmarkPayloads(
        bodies={
            PayloadKind.CLIENT: [orjson.dumps({"client_id": client}) for client in client_ids],
            PayloadKind.DOSSIER: [b'{"dossier":' + line + b"}" for line in lines[:MAX_PAYLOADS]],
            PayloadKind.FEATURES: [orjson.dumps(values) for values in features[:MAX_PAYLOADS]],
            PayloadKind.FRAME: [orjson.dumps(_encode_frame(row)) for row in rows],
            PayloadKind.TENSOR: [orjson.dumps(_encode_tensor(row)) for row in rows],
        },
        clients=client_ids,
        table=folder / "table.parquet",
        model=Path(model.path, "mlflow_model"),
    )


def _encode_frame(row: np.ndarray[Any, Any]) -> dict[str, Any]:
    values = [None if np.isnan(value) else float(value) for value in row]
    return {"dataframe_split": {"columns": list(CATALOGUE), "data": [values]}}


def _encode_tensor(row: np.ndarray[Any, Any]) -> dict[str, Any]:
    # The protocol has no missing value; 0 takes the same time.
    values = np.nan_to_num(row).tolist()
    tensor = {"name": "row", "shape": [1, len(row)], "datatype": "FP32", "data": values}
    return {"inputs": [tensor]}
