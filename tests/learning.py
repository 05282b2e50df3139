"""A real model, fitted quickly on made-up clients: training as it is, but for the registry."""

from __future__ import annotations

from datetime import date

import numpy as np

from credit.dossier import Dossiers
from credit.features import CATALOGUE, COLUMNS, Categories, build, words_of
from credit.policy import policy_on
from credit.schema import HISTORIES
from credit.scorer import Facts, Scorer
from tests.crowd import crowd, difficulties
from training.evaluate import metrics
from training.explain import explain_sample
from training.fit import PARAMETERS, Fitted, fit
from training.population import population
from training.prepare import CATEGORICAL, Material, hide

SEED = 1
CLIENTS = 1_200
QUICK = {**PARAMETERS, "learning_rate": 0.3, "feature_fraction": 0.2}
DAY = date(2026, 6, 1)


def material(clients: int = CLIENTS, seed: int = SEED) -> Material:
    """Made-up clients, ready to learn from."""
    people = crowd(clients, seed)
    dossiers = hide(Dossiers.of(people, COLUMNS), np.random.default_rng(seed + 1))
    return Material(
        ids=np.arange(1, clients + 1),
        labels=difficulties(people, seed + 2),
        matrix=build(dossiers, Categories(dict.fromkeys(CATEGORICAL, ()))),
        words=words_of(dossiers),
        known={name: dossiers.tables[name].known for name in HISTORIES},
    )


def learnt(learnable: Material) -> tuple[Fitted, Scorer]:
    """The model of some clients, and the scorer that serves it."""
    parameters = {**QUICK, "feature_fraction": 0.8}  # few of the columns tell of made-up clients
    fitted = fit(learnable, seed=SEED, progress=lambda _: None, parameters=parameters)
    matrix = learnable.encoded(fitted.categories)
    measured = metrics(learnable.labels, fitted.unseen, policy_on(DAY))
    importance = explain_sample(fitted.booster, matrix, seed=SEED).importance
    facts = Facts(
        features=tuple(CATALOGUE),
        categories=dict(fitted.categories.known),
        searched_threshold=measured["searched_threshold"],
        metrics=measured,
        importance=importance,
        population=population(
            matrix, learnable.labels, fitted.unseen, fitted.categories, importance
        ),
        data={"clients": len(learnable)},
    )
    return fitted, Scorer(fitted.booster.model_to_string(), facts, version="credit-scorer:test")
