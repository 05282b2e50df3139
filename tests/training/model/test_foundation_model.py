from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from credit.features import CATALOGUE
from training.model.challengers import MODEL_STEP, ImbalanceStrategy
from training.model.foundation_model import (
    MIN_WEIGHTS_BYTES,
    OFFLINE_ENVIRONMENT,
    UnusableFoundationModel,
    make_foundation_challenger,
)

STAND_IN = '''
"""Stands in for the optional package: has its interface, and predicts the first column."""
import os

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

IS_OFFLINE = os.environ.get("HF_HUB_OFFLINE") == "1"


class TabICLClassifier(ClassifierMixin, BaseEstimator):
    def __init__(self, model_path=None, allow_auto_download=True, kv_cache=False, random_state=42):
        self.model_path = model_path
        self.allow_auto_download = allow_auto_download
        self.kv_cache = kv_cache
        self.random_state = random_state

    def fit(self, matrix, labels):
        if self.allow_auto_download or not IS_OFFLINE or not self.model_path.is_file():
            raise RuntimeError("would use the network")
        self.classes_ = np.unique(labels)
        return self

    def predict_proba(self, matrix):
        return np.column_stack([1 - matrix[:, 0], matrix[:, 0]])
'''


def write_weights(folder: Path, name: str = "tabicl-classifier-v2.ckpt") -> Path:
    path = folder / name
    path.write_bytes(bytes(MIN_WEIGHTS_BYTES))
    return path


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the package where it is installed: `find_spec` finds what `sys.path` has."""
    monkeypatch.delitem(sys.modules, "tabicl", raising=False)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not (Path(p) / "tabicl").exists()])


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a stand-in with the interface of the package."""
    path = tmp_path / "packages" / "tabicl.py"
    path.parent.mkdir()
    path.write_text(STAND_IN)
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.delitem(sys.modules, "tabicl", raising=False)
    for name in OFFLINE_ENVIRONMENT:
        monkeypatch.setenv(name, "0")
    return path


@pytest.mark.usefixtures("without_package")
def test_a_missing_package_is_an_error_that_names_what_to_install(tmp_path: Path) -> None:
    write_weights(tmp_path)
    with pytest.raises(UnusableFoundationModel, match="pip install tabicl") as raised:
        make_foundation_challenger(tmp_path)
    assert len(raised.value.faults) == 1


@pytest.mark.usefixtures("without_package")
def test_missing_weights_are_listed_with_the_missing_package(tmp_path: Path) -> None:
    with pytest.raises(UnusableFoundationModel, match=r"tabicl-classifier-\*\.ckpt") as raised:
        make_foundation_challenger(tmp_path)
    assert len(raised.value.faults) == 2


@pytest.mark.usefixtures("package")
def test_a_pointer_and_two_files_of_weights_are_not_weights(tmp_path: Path) -> None:
    pointer = tmp_path / "tabicl-classifier-v2.ckpt"
    pointer.write_text("version https://git-lfs.github.com/spec/v1")
    with pytest.raises(UnusableFoundationModel, match="expected one file"):
        make_foundation_challenger(tmp_path)
    write_weights(tmp_path)
    write_weights(tmp_path, "tabicl-classifier-v1.ckpt")
    with pytest.raises(UnusableFoundationModel, match="classifier-v1"):
        make_foundation_challenger(tmp_path)


@pytest.mark.usefixtures("package")
def test_the_challenger_loads_the_local_weights_offline_and_stores_its_clients(
    tmp_path: Path,
) -> None:
    weights = write_weights(tmp_path)
    challenger = make_foundation_challenger(tmp_path)
    assert challenger.stores_clients
    assert not challenger.search_space
    matrix, labels = np.array([[0.1], [0.9]] * 5), np.array([0, 1] * 5, dtype=np.int8)
    name, feature = next((n, f) for n, f in CATALOGUE.items() if not f.is_categorical)
    pipeline = challenger.build_pipeline(
        {name: feature}, labels, strategy=ImbalanceStrategy.PLAIN, parameters={}, seed=3
    ).fit(matrix, labels)
    assert pipeline.predict_proba(matrix)[:2, 1].tolist() == [0.1, 0.9]
    assert pipeline[MODEL_STEP].model_path == weights
    assert pipeline[MODEL_STEP].random_state == 3
    assert os.environ["HF_HUB_OFFLINE"] == "1"
