"""Score a batch of dossiers. Every engine runs this code: locally, or on Spark's executors.

dossiers ──► features ──► risk ──► index, outcome ──► columns of the output

Executors import this module, so it must not import an engine or a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from credit.dossier import DossierBatch, Integers
from credit.features import CATALOGUE, COLUMNS, Matrix, build
from credit.policy import Policy
from credit.scorer import ModelMetadata, Scorer
from credit.underwriting import find_applicable_rules, list_not_stated
from stores.dossiers.arrow import CLIENT_ID_COLUMN, parse_arrow_batch, split_struct_lists

if TYPE_CHECKING:  # an optional dependency
    from pyspark import Broadcast

BroadcastModel = tuple[str, ModelMetadata, str]
"""A scorer as it is sent to executors: trees, metadata, version."""


def build_output_schema(*, with_contributions: bool) -> pa.Schema:
    """Return the schema of the output: the decision, then contributions in log-odds if wanted."""
    decision = {
        CLIENT_ID_COLUMN: pa.int64(),
        "risk": pa.float64(),
        "index": pa.float64(),
        "points": pa.float64(),
        "outcome": pa.string(),
        "rules": pa.list_(pa.string()),
        "not_stated": pa.list_(pa.string()),
    }
    contribution_names = [*CATALOGUE, "base"] if with_contributions else []
    return pa.schema(decision | {f"log_odds.{name}": pa.float64() for name in contribution_names})


def score_arrow_batches(
    batches: Iterator[pa.RecordBatch],
    *,
    model: Broadcast[BroadcastModel],
    policy: Policy,
    with_contributions: bool,
) -> Iterator[pa.RecordBatch]:
    """Score Spark's batches on an executor; each history is one list of structs."""
    trees, metadata, version = model.value
    scorer = Scorer(trees, metadata, version=version)
    for batch in batches:
        ids = batch[CLIENT_ID_COLUMN].to_numpy()
        dossiers = parse_arrow_batch(split_struct_lists(batch), COLUMNS)
        yield score_batch(
            ids, dossiers, scorer=scorer, policy=policy, with_contributions=with_contributions
        )


def score_batch(
    ids: Integers,
    dossiers: DossierBatch,
    *,
    scorer: Scorer,
    policy: Policy,
    with_contributions: bool,
) -> pa.RecordBatch:
    """Decide on dossiers, in order, exactly as the service decides on each alone.

    Args:
        ids: Client ids, in the order of the dossiers.
        dossiers: The dossiers.
        scorer: The model.
        policy: The policy in force.
        with_contributions: Add the base and the contribution of every feature, in log-odds.

    Returns:
        One row per dossier, with the columns of `build_output_schema`.
    """
    matrix = build(dossiers, scorer.fitted)
    columns = _build_decision_columns(ids, dossiers, matrix, scorer, policy)
    if with_contributions:
        columns += _build_contribution_columns(matrix, scorer)
    return pa.RecordBatch.from_arrays(
        columns, schema=build_output_schema(with_contributions=with_contributions)
    )


def _build_decision_columns(
    ids: Integers, dossiers: DossierBatch, matrix: Matrix, scorer: Scorer, policy: Policy
) -> list[pa.Array]:
    risks = scorer.predict_risk(matrix)
    not_stated = list_not_stated(
        scorer, scorer.metadata.commonly_stated, dossiers, matrix, risks, policy
    )
    rules_by_client = find_applicable_rules(dossiers, not_stated, policy)
    risk_values = risks.tolist()
    outcomes = [
        policy.propose_outcome(risk, rules)
        for risk, rules in zip(risk_values, rules_by_client, strict=True)
    ]
    return [
        pa.array(ids),
        pa.array(risks),
        pa.array([policy.compute_index(risk) for risk in risk_values], pa.float64()),
        pa.array([policy.compute_points(risk) for risk in risk_values], pa.float64()),
        pa.array([outcome.value for outcome in outcomes], pa.string()),
        pa.array(
            [[rule.code for rule in rules] for rules in rules_by_client], pa.list_(pa.string())
        ),
        pa.array(map(list, not_stated), pa.list_(pa.string())),
    ]


def _build_contribution_columns(matrix: Matrix, scorer: Scorer) -> list[pa.Array]:
    return [
        pa.array(contributions)
        for contributions in np.ascontiguousarray(scorer.predict_contributions(matrix).T)
    ]
