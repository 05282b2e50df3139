"""Define the fixtures that tests share, and how tests are spread over processes.

`pytest --hypothesis-profile explore` draws more examples than an ordinary run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

# Read when LightGBM is first imported: threads that spin while they wait stall shared cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from credit.features import FittedFeatures
from credit.policy import Policy, load_policy
from credit.scorer import Scorer
from stores.dossiers.spark_session import find_missing_requirement, open_spark_session
from stores.settings import Settings
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import make_random_dossiers
from tests.support.services import api, home, private_home, service  # noqa: F401  # fixtures
from tests.support.small_model import fit_small_model, make_training_set
from training.data.dataset import TrainingSet
from training.model.trainer import TrainedModel

if TYPE_CHECKING:  # an optional dependency
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[1]

STARTS_SOONER = {
    "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.dataFrameQueryContext.enabled": "false",
}
"""Spark's settings for little work: half of a small job is compiling it."""

settings.register_profile(
    "every run",
    deadline=None,
    max_examples=30,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    # A failing example is reported as drawn: shrinking a dossier can take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
settings.register_profile(
    "explore",
    settings.get_profile("every run"),
    max_examples=500,
    derandomize=False,
    print_blob=True,
    phases=list(Phase),
)
settings.load_profile("every run")


COSTLY_FIXTURES = ("home", "session", "laboratory")
"""Fixtures of the session that take seconds to make."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that share a file or a costly fixture run in one process of pytest-xdist.

    Tests with costly fixtures go first, so that no process waits for them at the end.
    """
    groups: dict[str, list[pytest.Item]] = {name: [] for name in COSTLY_FIXTURES}
    for item in items:
        names = getattr(item, "fixturenames", ())
        group = next((name for name in COSTLY_FIXTURES if name in names), str(item.path))
        groups.setdefault(group, []).append(item)
        item.add_marker(pytest.mark.xdist_group(group))
    items[:] = [item for group in groups.values() for item in group]


@pytest.fixture(scope="session")
def learnable() -> TrainingSet:
    """A training set of random clients with labels."""
    return make_training_set()


@pytest.fixture(scope="session")
def learning(learnable: TrainingSet) -> tuple[TrainedModel, Scorer]:
    return fit_small_model(learnable)


@pytest.fixture(scope="session")
def fitted(learning: tuple[TrainedModel, Scorer]) -> TrainedModel:
    return learning[0]


@pytest.fixture(scope="session")
def scorer(learning: tuple[TrainedModel, Scorer]) -> Scorer:
    """A small model, fitted by the real trainer."""
    return learning[1]


@pytest.fixture(scope="session")
def fitted_features(learnable: TrainingSet) -> FittedFeatures:
    return learnable.fit_features()


@pytest.fixture(scope="session")
def people() -> list[Dossier]:
    """Sixty random clients that the model was not trained on."""
    return make_random_dossiers(60, seed=77)


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The lender's policy, on a day that does not change."""
    return load_policy(date(2026, 12, 1))


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Spark on two cores, with workers that cannot import this source tree."""
    if missing := find_missing_requirement():
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("Spark's home")  # a path with a space
    settings_ = Settings(home=folder, spark_master="local[2]", spark_conf=STARTS_SOONER)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("PYTHONPATH", raising=False)
        opened = open_spark_session(settings_)
        started = opened.__enter__()
    yield started
    opened.__exit__(None, None, None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real rows, which is not part of the repository."""
    folder = ROOT / Settings().real_data
    if not folder.is_dir():
        pytest.skip(
            f"no real rows in {folder.resolve().name}: CREDIT_REAL_DATA names their folder"
        )
    return folder
