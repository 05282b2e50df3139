"""A batch of dossiers scored: what every engine runs, here or on Spark's executors.

dossiers ──► features ──► risk ──► index, outcome ──► columns of the answer

Executors import this module and what it imports: no engine, no command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from credit.dossier import Dossiers, Floats, Integers
from credit.features import CATALOGUE, COLUMNS, Matrix, build
from credit.policy import Policy
from credit.schema import APPLICATION
from credit.scorer import Facts, Scorer
from stores.dossiers.arrow import CLIENT, dossiers_of, split

if TYPE_CHECKING:  # an optional dependency
    from pyspark import Broadcast

Model = tuple[str, Facts, str]
"""A scorer as it travels: trees, facts, version."""

JUDGED_BY_RULES = ("AMT_INCOME_TOTAL", "AMT_ANNUITY", "DAYS_BIRTH")
"""The columns that the policy's rules look at."""


def answer_schema(*, explained: bool) -> pa.Schema:
    """The columns of an answer; explained ones carry every feature's log-odds and the base."""
    decision = {
        "SK_ID_CURR": pa.int64(),
        "risk": pa.float64(),
        "index": pa.float64(),
        "points": pa.float64(),
        "outcome": pa.string(),
        "rules": pa.list_(pa.string()),
    }
    told = [*CATALOGUE, "base"] if explained else []
    return pa.schema(decision | {f"log_odds.{name}": pa.float64() for name in told})


def answers(
    batches: Iterator[pa.RecordBatch],
    *,
    model: Broadcast[Model],
    policy: Policy,
    explained: bool,
) -> Iterator[pa.RecordBatch]:
    """Spark's batches of dossiers, one list of rows a history, scored on an executor."""
    trees, facts, version = model.value
    scorer = Scorer(trees, facts, version=version)
    for batch in batches:
        ids = batch[CLIENT].to_numpy()
        some = dossiers_of(split(batch), COLUMNS)
        yield scored(ids, some, scorer=scorer, policy=policy, explained=explained)


def scored(
    ids: Integers, dossiers: Dossiers, *, scorer: Scorer, policy: Policy, explained: bool
) -> pa.RecordBatch:
    """The decisions on some dossiers, in order, as the service takes them one by one."""
    matrix = build(dossiers, scorer.categories)
    columns = _decisions(ids, dossiers, scorer.risk(matrix), policy)
    if explained:
        columns += _contributions(matrix, scorer)
    return pa.RecordBatch.from_arrays(columns, schema=answer_schema(explained=explained))


def _decisions(ids: Integers, dossiers: Dossiers, risks: Floats, policy: Policy) -> list[pa.Array]:
    held = [policy.holding(form) for form in _forms(dossiers)]
    told = risks.tolist()
    outcomes = [policy.outcome(risk, rules) for risk, rules in zip(told, held, strict=True)]
    return [
        pa.array(ids),
        pa.array(risks),
        pa.array([policy.index(risk) for risk in told], pa.float64()),
        pa.array([policy.points(risk) for risk in told], pa.float64()),
        pa.array([outcome.value for outcome in outcomes], pa.string()),
        pa.array([[rule.code for rule in rules] for rules in held], pa.list_(pa.string())),
    ]


def _forms(dossiers: Dossiers) -> Iterator[Mapping[str, float | None]]:
    rows = dossiers.tables[APPLICATION.name]
    columns = [rows[name].tolist() for name in JUDGED_BY_RULES]
    for cells in zip(*columns, strict=True):
        known = (None if np.isnan(cell) else cell for cell in cells)
        yield dict(zip(JUDGED_BY_RULES, known, strict=True))


def _contributions(matrix: Matrix, scorer: Scorer) -> list[pa.Array]:
    return [pa.array(told) for told in np.ascontiguousarray(scorer.contributions(matrix).T)]
