"""Try what is gained by leaving out a column of the form.

clients not approved ──► columns masked ──► out-of-fold risk, rules ──► outcome
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from credit.decision import Outcome
from credit.dossier import Bools, DossierBatch, Integers
from credit.features import COLUMNS, build
from credit.features.form_completeness import FORM_COLUMNS
from credit.policy import Policy
from credit.schema import APPLICATION, Provider
from credit.underwriting import RiskModel, find_applicable_rules, list_not_stated
from training.evaluation.result import EvaluationResult

MAX_CLIENTS = 250
"""Sample size for each column that may be left out."""

MAX_CLIENTS_PER_RULE = 40
"""Sample size for each column that the rule `not-stated` requires."""

MAX_PAIRS = 100
"""Number of random pairs of columns that are left out together."""

Omission = tuple[str, ...]
"""One column, or a pair of columns, that is left out."""


@dataclass(frozen=True, kw_only=True)
class OmissionTrial:
    """What omissions changed for clients who are not approved."""

    clients: int
    omissions: int
    approvals: Counter[Omission]
    """Clients who are approved without some columns."""
    unnamed_referrals: Counter[Omission]
    """Declined clients who are referred without columns that the decision does not name."""


@dataclass(frozen=True, kw_only=True)
class _Proposals:
    """Outcomes of dossiers, and the unknown columns that each decision names."""

    outcomes: Sequence[Outcome]
    not_stated: Sequence[Sequence[str]]


def try_training_omissions(evaluation: EvaluationResult) -> OmissionTrial:
    """Leave out columns of training clients, scored by the models of folds that exclude them.

    The clients are those of the first batch of dossiers.
    """
    dossiers = next(iter(evaluation.dossiers.iter_batches(COLUMNS)))
    folds = evaluation.trained_model.fold[: len(dossiers)]
    fold_count = len(evaluation.trained_model.fold_models)
    trials = [
        try_omissions(
            model,
            evaluation.scorer.metadata.commonly_stated,
            dossiers.take(np.flatnonzero(folds == fold)),
            evaluation.policy,
            seed=evaluation.seed,
            max_clients=MAX_CLIENTS // fold_count,
            max_clients_per_rule=MAX_CLIENTS_PER_RULE // fold_count,
        )
        for fold, model in enumerate(evaluation.trained_model.fold_models)
    ]
    return OmissionTrial(
        clients=sum(trial.clients for trial in trials),
        omissions=sum(trial.omissions for trial in trials),
        approvals=sum((trial.approvals for trial in trials), Counter()),
        unnamed_referrals=sum((trial.unnamed_referrals for trial in trials), Counter()),
    )


def try_omissions(
    model: RiskModel,
    commonly_stated: tuple[str, ...],
    dossiers: DossierBatch,
    policy: Policy,
    *,
    seed: int,
    max_clients: int = MAX_CLIENTS,
    max_clients_per_rule: int = MAX_CLIENTS_PER_RULE,
) -> OmissionTrial:
    """Leave out single columns and pairs of columns of clients who are not approved.

    Args:
        model: Scores the dossiers.
        commonly_stated: Columns that the rule `not-stated` requires.
        dossiers: Clients to try.
        policy: The policy in force.
        seed: Seed of the samples.
        max_clients: Sample size for each column that may be left out.
        max_clients_per_rule: Sample size for each column that the rule `not-stated` requires.
    """
    rng = np.random.default_rng(seed)
    before = _propose(model, commonly_stated, dossiers, policy)
    refused = np.array([outcome is not Outcome.APPROVE for outcome in before.outcomes], np.bool_)
    sample = rng.permutation(np.flatnonzero(refused))[:max_clients]
    approvals, unnamed_referrals = Counter[Omission](), Counter[Omission]()
    omission_count = 0
    for columns in _iter_omissions(rng):
        is_ruled = any(column in commonly_stated for column in columns)
        size = max_clients_per_rule if is_ruled else max_clients
        rows = _select_stated(dossiers, np.sort(sample[:size]), columns)
        if not len(rows):
            continue
        chosen = dossiers.take(rows)
        mask = dict.fromkeys(columns, np.ones(len(rows), np.bool_))
        after = _propose(model, commonly_stated, chosen.mask_form_columns(mask), policy)
        omission_count += len(rows)
        for row, outcome, named in zip(rows, after.outcomes, after.not_stated, strict=True):
            if outcome is Outcome.APPROVE:
                approvals[columns] += 1
            elif outcome.severity < before.outcomes[row].severity and not {*columns} & {*named}:
                unnamed_referrals[columns] += 1
    return OmissionTrial(
        clients=len(sample),
        omissions=omission_count,
        approvals=approvals,
        unnamed_referrals=unnamed_referrals,
    )


def _iter_omissions(rng: np.random.Generator) -> Iterator[Omission]:
    """Yield every column alone, then random pairs of columns that no outside source states."""
    yield from ((column,) for column in FORM_COLUMNS)
    internal = [c for c in FORM_COLUMNS if APPLICATION[c].stated_by is not Provider.OUTSIDE]
    pairs = list(combinations(internal, 2))
    for index in rng.permutation(len(pairs))[:MAX_PAIRS]:
        yield pairs[index]


def _select_stated(dossiers: DossierBatch, rows: Integers, columns: Sequence[str]) -> Integers:
    """Return the rows in which all columns hold something."""
    form = dossiers.tables[APPLICATION.name]
    is_stated: Bools = np.ones(len(rows), np.bool_)
    for column in columns:
        if column in form.categoricals:
            is_stated &= form.get_categorical(column).known[rows]
        else:
            is_stated &= ~np.isnan(form.raw[form.layout.column_index[column], rows])
    return rows[is_stated]


def _propose(
    model: RiskModel, commonly_stated: tuple[str, ...], dossiers: DossierBatch, policy: Policy
) -> _Proposals:
    """Decide on dossiers as the service does."""
    matrix = build(dossiers, model.fitted)
    risks = model.predict_risk(matrix)
    not_stated = list_not_stated(model, commonly_stated, dossiers, matrix, risks, policy)
    rules = find_applicable_rules(dossiers, not_stated, policy)
    outcomes = [
        policy.propose_outcome(risk, applicable)
        for risk, applicable in zip(risks.tolist(), rules, strict=True)
    ]
    return _Proposals(outcomes=outcomes, not_stated=not_stated)
