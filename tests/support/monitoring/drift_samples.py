"""Material of the drift tests: a small champion, samples and folders of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import polars as pl

from credit.dossier import DossierBatch
from credit.features import (
    CATALOGUE,
    COLUMNS,
    CategoryEncoder,
    FittedFeatures,
    build,
    extract_category_columns,
)
from credit.reference_population import Population
from credit.schema import APPLICATION, ColumnKind
from credit.scorer import ModelMetadata, Scorer
from monitoring.sample import REQUIRED_COLUMNS, Sample, build_chunk, combine_chunks
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import draw_labels, make_random_dossiers

MODEL_VERSION = "credit-scorer:1"
TRAINING_DOSSIERS_FILE = "made-up.parquet"

FIRST_CLIENT_ID = 770_000_001
"""Long enough that a page cannot contain a client's id by accident."""

SCRIPT_TAGS = "</script><script>alert(1)</script>"
"""A category that would run as a script if a page did not escape it."""

Change = Callable[[int], Mapping[str, Any]]
"""Returns the application columns to overwrite for the client at an index."""


def change_all(**values: Any) -> Change:
    """Overwrite these columns for all clients."""
    return change_every(1, **values)


def change_every(nth: int, **values: Any) -> Change:
    """Overwrite these columns for one client in `nth`."""
    return lambda index: {} if index % nth else values


def make_applicants(count: int, seed: int, change: Change | None = None) -> list[Dossier]:
    """Make random clients with an application and no histories."""
    dossiers: list[Dossier] = [
        {"application": dossier["application"]} for dossier in make_random_dossiers(count, seed)
    ]
    for index, dossier in enumerate(dossiers):
        application = dossier["application"]
        application["SK_ID_CURR"] += FIRST_CLIENT_ID - 1
        application.update(change(index) if change else {})
    return dossiers


def fit_champion(clients: list[Dossier]) -> tuple[str, ModelMetadata]:
    """Fit ten small trees; return the model text and its metadata."""
    dossiers = DossierBatch.from_documents(clients, COLUMNS)
    fitted = FittedFeatures(categories=CategoryEncoder.fit(extract_category_columns(dossiers)))
    data = lgb.Dataset(build(dossiers, fitted), draw_labels(clients, 1))
    parameters = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbose": -1}
    booster = lgb.train(parameters, data, num_boost_round=10)
    metadata = ModelMetadata(
        features=tuple(CATALOGUE),
        categories=fitted.categories.categories,
        searched_threshold=0.1,
        metrics={},
        importance={},
        population=Population(risk_edges=(), spreads={}, crossings={}),
        data={"dossiers": TRAINING_DOSSIERS_FILE},
    )
    return booster.model_to_string(), metadata


def make_sample(clients: list[Dossier], scorer: Scorer, source: str = "made up") -> Sample:
    """Score these clients and return them as a sample."""
    chunk = build_chunk(DossierBatch.from_documents(clients, REQUIRED_COLUMNS), scorer)
    return combine_chunks([chunk], scorer, source=source, total=len(clients))


def write_table(clients: list[Dossier], path: Path) -> None:
    """Write the applications as a raw table."""
    schema = {
        name: pl.String()
        if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}
        else pl.Float64()
        for name, column in APPLICATION.columns.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    applications = [client["application"] for client in clients]
    pl.DataFrame(applications, schema=schema, strict=False).write_parquet(path)
