"""Test which clients a training learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from stores.progress import ProgressReporter
from stores.settings import Settings
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import draw_labels, make_random_dossiers
from tests.support.table_folders import TRAIN_TABLE, make_table_frames, write_tables
from training.data.clients import TrainingData, load_training_data
from training.data.dataset import NOT_A_COPY

QUIET = ProgressReporter(Console(quiet=True))
CLIENTS = 120


def write_clients(folder: Path, dossiers: list[Dossier], *, only_forms: bool = False) -> None:
    frames = make_table_frames(dossiers, labels=draw_labels(dossiers, 1))
    if only_forms:
        frames = {name: frame for name, frame in frames.items() if name == TRAIN_TABLE}
    write_tables(folder, frames)


@pytest.fixture
def load(tmp_path: Path) -> TrainingData:
    """Load a folder of clients with histories that has a sub-folder of forms."""
    data = tmp_path / "data"
    write_clients(data, make_random_dossiers(CLIENTS, 1, complete=True))
    write_clients(data / "forms", make_random_dossiers(CLIENTS, 2), only_forms=True)
    (data / "notes").mkdir()
    settings = Settings(home=tmp_path / "home")
    return load_training_data(settings, data, auxiliary_folders=(), seed=0, progress=QUIET)


def test_forms_in_a_sub_folder_teach_without_an_option(load: TrainingData) -> None:
    assert [folder.name for folder in load.auxiliary_folders] == ["forms"]
    assert load.metadata["also"][0]["clients"] == CLIENTS
    assert len(load.training_set) == len(load.dossiers) == CLIENTS
    auxiliary = load.training_set.auxiliary
    assert auxiliary is not None
    forms = auxiliary.training_set.take(np.flatnonzero(auxiliary.copy_of == NOT_A_COPY))
    assert len(forms) == CLIENTS
    assert not np.any(list(forms.known_histories.values()))
    assert np.all(list(load.training_set.known_histories.values()))
