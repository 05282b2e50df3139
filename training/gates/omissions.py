"""Check that an application gains nothing by what it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, build
from credit.schema import APPLICATION, HISTORIES, Provider
from training.evaluation.omissions import Omission, try_training_omissions
from training.evaluation.result import EvaluationResult
from training.gates.base import Gate, Measurement, NotApplicable

MAX_NAMED = 5
"""Columns or features that a finding names."""


def check_omissions(evaluation: EvaluationResult, limit: float) -> Measurement | NotApplicable:
    """Count omissions that buy an approval, or a referral that does not name the column.

    An outside source answers or not whatever the applicant does, so that columns of outside
    sources only count if nearly every training client had them.
    """
    trial = try_training_omissions(evaluation)
    if not trial.omissions:
        return NotApplicable("every client of the sample is approved")
    commonly_stated = set(evaluation.scorer.metadata.commonly_stated)

    def is_outside(columns: Omission) -> bool:
        return any(
            APPLICATION[column].stated_by is Provider.OUTSIDE and column not in commonly_stated
            for column in columns
        )

    outside = Counter({c: count for c, count in trial.approvals.items() if is_outside(c)})
    approvals = trial.approvals - outside
    unnamed = Counter({c: n for c, n in trial.unnamed_referrals.items() if not is_outside(c)})
    value = approvals.total() + unnamed.total()
    message = (
        f"{trial.omissions:,} omissions of {trial.clients:,} clients who are not approved: "
        f"{approvals.total()} approved{_name_largest(approvals)}, {unnamed.total()} "
        f"declines referred without a name{_name_largest(unnamed)}; "
        f"{outside.total()} approved without an answer of an outside source"
        f"{_name_largest(outside)}"
    )
    return Measurement(passed=value <= limit, message=message, value=value)


def _name_largest(counts: Counter[Omission]) -> str:
    """Return the largest counts in brackets; nothing without counts."""
    largest = [f"{' and '.join(columns)} {n}" for columns, n in counts.most_common(MAX_NAMED)]
    return f" ({', '.join(largest)})" if largest else ""


def check_unknown_read_as_zero(evaluation: EvaluationResult, limit: float) -> Measurement:
    """Count features that the trees compare as 0 where they are unknown.

    LightGBM does so in the splits of a feature that no training row left unknown (`missing_type`
    None). It is harmless where the feature is always known, or where the rule `not-stated` refers
    every application without one of its columns.
    """
    commonly_stated = {
        f"{APPLICATION.name}.{column}" for column in evaluation.scorer.metadata.commonly_stated
    }
    offenders = sorted(
        name
        for name in _list_features_read_as_zero(evaluation.scorer.dump_trees())
        if name in _list_features_that_can_be_unknown(evaluation)
        and not CATALOGUE[name].sources <= commonly_stated
    )
    message = f"{len(offenders)} features are read as 0 where they are unknown"
    if offenders:
        message += f": {', '.join(offenders[:MAX_NAMED])}"
    return Measurement(passed=len(offenders) <= limit, message=message, value=len(offenders))


def _list_features_read_as_zero(trees: Mapping[str, Any]) -> set[str]:
    """Return the features with a numeric split of `missing_type` None."""
    names = trees["feature_names"]
    return {
        names[split["split_feature"]]
        for tree in trees["tree_info"]
        for split in _iter_splits(tree["tree_structure"])
        if split["missing_type"] == "None" and split["decision_type"] == "<="
    }


def _iter_splits(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "split_feature" in node:
        yield node
        yield from _iter_splits(node["left_child"])
        yield from _iter_splits(node["right_child"])


def _list_features_that_can_be_unknown(evaluation: EvaluationResult) -> set[str]:
    """Return the features that are unknown for an empty form without or with empty histories."""
    dossiers = DossierBatch.from_documents(
        [{"application": {}}, {"application": {}, **{history: [] for history in HISTORIES}}],
        COLUMNS,
    )
    is_unknown = np.isnan(build(dossiers, evaluation.scorer.fitted))
    names = list(CATALOGUE)
    return {names[index] for index in np.flatnonzero(is_unknown.any(axis=0))}


GATES = (
    Gate(
        code="CRG117",
        title="Omissions gain nothing",
        check=check_omissions,
        what_to_do="Lower commonly_stated_share in policy.yaml, so that the rule not-stated asks "
        "for the columns named, or remove the features that are computed from them.",
    ),
    Gate(
        code="CRG118",
        title="Unknown is not read as 0",
        check=check_unknown_read_as_zero,
        what_to_do="The training rows must leave the columns of these features unknown for some "
        "clients: check the masked copies (training/data/preparation.py).",
    ),
)
