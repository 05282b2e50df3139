"""What drift tests are made of: a small champion, sides, folders of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import polars as pl

from credit.dossier import Dossiers
from credit.features import CATALOGUE, COLUMNS, Categories, build, words_of
from credit.reference_population import Population
from credit.schema import APPLICATION, Kind
from credit.scorer import Facts, Scorer
from monitoring.sample import NEEDED, Side, part_of, side_of
from tests.crowd import crowd, difficulties
from tests.people import Dossier

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
    people = [{"application": person["application"]} for person in crowd(count, seed)]
    for place, person in enumerate(people):
        form = person["application"]
        form["SK_ID_CURR"] += FIRST_ID - 1
        form.update(change(place) if change else {})
    return people


def small_model(people: list[Dossier]) -> tuple[str, Facts]:
    """A few small trees, really fitted, and what is known about them."""
    dossiers = Dossiers.of(people, COLUMNS)
    categories = Categories.fit(words_of(dossiers))
    data = lgb.Dataset(build(dossiers, categories), difficulties(people, 1))
    parameters = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbose": -1}
    booster = lgb.train(parameters, data, num_boost_round=10)
    facts = Facts(
        features=tuple(CATALOGUE),
        categories=dict(categories.known),
        searched_threshold=0.1,
        metrics={},
        importance={},
        population=Population(risk_edges=(), spreads={}, crossings={}),
        data={"dossiers": TRAINING},
    )
    return booster.model_to_string(), facts


def side(people: list[Dossier], scorer: Scorer, source: str = "made up") -> Side:
    part = part_of(Dossiers.of(people, NEEDED), scorer)
    return side_of([part], scorer, source=source, total=len(people))


def write_table(people: list[Dossier], path: Path) -> None:
    """The forms as a file of raw applications."""
    text = {
        name: pl.String() if column.kind in {Kind.CATEGORY, Kind.YES_NO} else pl.Float64()
        for name, column in APPLICATION.columns.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    forms = [person["application"] for person in people]
    pl.DataFrame(forms, schema=text, strict=False).write_parquet(path)
