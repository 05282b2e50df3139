"""A home with a champion, learnt from laboratory-up clients by the training that people run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import numpy as np
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from numpy.typing import NDArray
from rich.console import Console

from stores.progress import ProgressCallback, ProgressReporter
from stores.settings import Settings
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import draw_labels, make_random_dossiers
from tests.support.small_model import QUICK_PARAMETERS
from tests.support.table_folders import make_table_frames, write_tables
from training.gates import GATES, EvaluationResult, Gate, GateFinding, run_gates
from training.pipeline import TrainingOutcome, run_training

CLIENTS = 1_500
SEED = 6

Labels = NDArray[np.int8]


@dataclass
class Laboratory:
    """Where trainings are laboratory to fail. A refused one leaves the home as it was."""

    settings: Settings
    folder: Path
    evaluations: list[EvaluationResult] = field(default_factory=list)

    def people(self) -> list[Dossier]:
        return make_random_dossiers(CLIENTS, SEED, complete=True)

    def labels(self, people: list[Dossier]) -> Labels:
        return draw_labels(people, SEED + 1)

    def train(
        self, people: list[Dossier], labels: Labels, *, also: Sequence[Path] = ()
    ) -> TrainingOutcome:
        """Run the real training with a small model."""
        tables = write_tables(
            self.folder / str(len(self.evaluations)), make_table_frames(people, labels=labels)
        )
        steps = ProgressReporter(Console(quiet=True))
        return run_training(
            self.settings,
            tables,
            seed=SEED,
            progress=steps,
            parameters=QUICK_PARAMETERS,
            auxiliary_folders=also,
        )


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with laboratory_in(tmp_path_factory.mktemp("gates")) as laboratory:
        yield laboratory


@contextmanager
def laboratory_in(home: Path) -> Iterator[Laboratory]:
    """Open a laboratory with a home and stores of its own."""
    laboratory = Laboratory(Settings(home=home), home / "tables")

    def keep(evidence: EvaluationResult, progress: ProgressCallback) -> tuple[GateFinding, ...]:
        laboratory.evaluations.append(evidence)
        return run_gates(evidence, progress)

    tracked = mlflow.get_tracking_uri()
    store, bentos = BentoMLContainer.bentoml_home.get(), home / "bentoml"
    for part in ("models", "bentos", "tmp"):
        (bentos / part).mkdir(parents=True)
    BentoMLContainer.bentoml_home.set(str(bentos))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.pipeline.run_gates", keep)
        # Plots take half of the time of so small a training, and no test reads them.
        patch.setattr("training.pipeline.log_plots", lambda *_: None)
        yield laboratory
    BentoMLContainer.bentoml_home.set(store)
    mlflow.set_tracking_uri(tracked)


@pytest.fixture(scope="session")
def first(laboratory: Laboratory) -> TrainingOutcome:
    """The training that laboratory the champion."""
    people = laboratory.people()
    return laboratory.train(people, laboratory.labels(people))


@pytest.fixture(scope="session")
def evidence(laboratory: Laboratory, first: TrainingOutcome) -> EvaluationResult:
    """Return the evaluation of the champion."""
    assert first.blocking_codes == ()
    return laboratory.evaluations[0]


def find_finding(trained: TrainingOutcome, code: str) -> GateFinding:
    [match] = [finding for finding in trained.findings if finding.code == code]
    return match


def run_gate(code: str, evidence: EvaluationResult) -> GateFinding:
    """Run one gate on an evaluation."""
    [gate] = [gate for gate in GATES if gate.code == code]
    [limit] = [limit for limit in evidence.policy.gates if limit.code == code]
    return Gate.run(gate, evidence, limit)
