from __future__ import annotations

import pytest

from credit.scorer import ModelMetadata, Scorer
from tests.monitoring.made import VERSION, applicants, small_model
from tests.support.example_dossiers import Dossier


@pytest.fixture(scope="session")
def then() -> list[Dossier]:
    """The clients the small champion was trained on."""
    return applicants(500, seed=11)


@pytest.fixture(scope="session")
def model(then: list[Dossier]) -> tuple[str, ModelMetadata]:
    return small_model(then)


@pytest.fixture(scope="session")
def champion(model: tuple[str, ModelMetadata]) -> Scorer:
    return Scorer(*model, version=VERSION)
