from __future__ import annotations

import pytest

from credit.scorer import Scorer
from monitoring.comparison import DriftResult, compare_samples
from tests.support.example_dossiers import Dossier
from tests.support.monitoring.drift_samples import (
    MODEL_VERSION,
    SCRIPT_TAGS,
    change_every,
    fit_champion,
    make_applicants,
    make_sample,
)


@pytest.fixture(scope="session")
def training_clients() -> list[Dossier]:
    """The clients that the small champion was trained on."""
    return make_applicants(500, seed=11)


@pytest.fixture(scope="session")
def champion(training_clients: list[Dossier]) -> Scorer:
    return Scorer(*fit_champion(training_clients), version=MODEL_VERSION)


@pytest.fixture(scope="session")
def script_drift(champion: Scorer, training_clients: list[Dossier]) -> DriftResult:
    """Drift where a quarter of the clients have a script as a category and no external score."""
    change = change_every(4, OCCUPATION_TYPE=SCRIPT_TAGS, EXT_SOURCE_2=None)
    current = make_applicants(300, seed=12, change=change)
    return compare_samples(
        make_sample(training_clients, champion), make_sample(current, champion, source="<now>")
    )
