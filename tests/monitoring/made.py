"""What drift tests are made of: a small champion, sides, folders of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import polars as pl

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, build, extract_category_columns
from credit.reference_population import Population
from credit.schema import APPLICATION, ColumnKind
from credit.scorer import ModelMetadata, Scorer
from monitoring.sample import REQUIRED_COLUMNS, Sample, build_chunk, combine_chunks
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import draw_labels, make_random_dossiers

VERSION = "credit-scorer:1"
TRAINING = "made-up.parquet"
"""The file of the champion's training dossiers."""

FIRST_ID = 770_000_001
"""Ids of made-up clients, long enough to be found in a page by nothing but themselves."""

Change = Callable[[int], Mapping[str, Any]]
"""What is different in the form at this place."""


def everyone(**cells: Any) -> Change:
    """All forms hold these cells."""
    return every(1, **cells)


def every(nth: int, **cells: Any) -> Change:
    """One form in `nth` holds these cells."""
    return lambda place: {} if place % nth else cells


def applicants(count: int, seed: int, change: Change | None = None) -> list[Dossier]:
    """Made-up clients of whom the form is known and nothing else."""
    people = [
        {"application": person["application"]} for person in make_random_dossiers(count, seed)
    ]
    for place, person in enumerate(people):
        form = person["application"]
        form["SK_ID_CURR"] += FIRST_ID - 1
        form.update(change(place) if change else {})
    return people


def small_model(people: list[Dossier]) -> tuple[str, ModelMetadata]:
    """A few small trees, really fitted, and what is known about them."""
    dossiers = DossierBatch.from_documents(people, COLUMNS)
    categories = CategoryEncoder.fit(extract_category_columns(dossiers))
    data = lgb.Dataset(build(dossiers, categories), draw_labels(people, 1))
    parameters = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbose": -1}
    booster = lgb.train(parameters, data, num_boost_round=10)
    facts = ModelMetadata(
        features=tuple(CATALOGUE),
        categories=dict(categories.categories),
        searched_threshold=0.1,
        metrics={},
        importance={},
        population=Population(risk_edges=(), spreads={}, crossings={}),
        data={"dossiers": TRAINING},
    )
    return booster.model_to_string(), facts


def side(people: list[Dossier], scorer: Scorer, source: str = "made up") -> Sample:
    part = build_chunk(DossierBatch.from_documents(people, REQUIRED_COLUMNS), scorer)
    return combine_chunks([part], scorer, source=source, total=len(people))


def write_table(people: list[Dossier], path: Path) -> None:
    """The forms as a file of raw applications."""
    text = {
        name: pl.String()
        if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}
        else pl.Float64()
        for name, column in APPLICATION.columns.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    forms = [person["application"] for person in people]
    pl.DataFrame(forms, schema=text, strict=False).write_parquet(path)
