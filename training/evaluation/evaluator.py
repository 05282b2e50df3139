"""All that is measured of a fitted model before it is judged.

fitted + material ──► metrics with intervals, contributions, population, audits ──► Evidence
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from credit.features import CATALOGUE
from credit.policy import Policy
from credit.scorer import Facts, Scorer
from stores.dossiers.parquet import DossierFile
from training.data.dataset import Material
from training.evaluation.champion import Champion
from training.evaluation.feature_importance import explain_sample
from training.evaluation.reference_population import population
from training.evaluation.result import Evidence
from training.metrics.bootstrap import intervals
from training.metrics.credit_metrics import by_pattern, metrics
from training.metrics.fairness import audits
from training.model.trainer import Fitted

CANDIDATE = "candidate"
"""The name of a model that has no number yet."""

MEASURED = 4
"""Contributions, measures with their intervals, population, audits."""


def assess(
    fitted: Fitted,
    material: Material,
    dossiers: DossierFile,
    policy: Policy,
    *,
    champion: Champion | None,
    about: Mapping[str, Any],
    seed: int,
    progress: Callable[[int], object],
) -> Evidence:
    """Measure a model by what it said of clients it had not seen.

    Args:
        dossiers: The file the material came from.
        about: What is told of the data.
        progress: Told of `MEASURED` steps.
    """
    labels, risks = material.labels, fitted.unseen
    matrix = material.encoded(fitted.categories)
    explained = explain_sample(fitted.booster, matrix, seed=seed)
    progress(1)
    measured = metrics(labels, risks, policy)
    sure = intervals(labels, risks, policy, seed=seed)
    progress(1)
    counted = population(matrix, labels, risks, fitted.categories, explained.importance)
    progress(1)
    groups = audits(dossiers, labels, risks, policy, seed=seed)
    progress(1)
    facts = Facts(
        features=tuple(CATALOGUE),
        categories=dict(fitted.categories.known),
        searched_threshold=measured["searched_threshold"],
        metrics=measured | by_pattern(*fitted.with_copies(material)),
        intervals=dict(sure),
        importance=explained.importance,
        population=counted,
        data=dict(about),
    )
    return Evidence(
        policy=policy,
        material=material,
        matrix=matrix,
        fitted=fitted,
        scorer=Scorer(fitted.booster.model_to_string(), facts, version=CANDIDATE),
        explained=explained,
        dossiers=dossiers,
        champion=champion,
        audits=groups,
        seed=seed,
    )
