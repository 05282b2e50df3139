"""Test that the data set of a run is described without a row of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.data.dataset import TrainingSet
from training.tracking.dataset_input import ClientDataset, profile_clients

DATA = {"absent_tables": ["bureau"], "dropped_rows": {"bureau": 2}, "synthetic": False}


def test_the_profile_has_counts_and_shares_only(learnable: TrainingSet) -> None:
    profile = profile_clients(DATA, learnable)
    assert profile["clients"] == len(learnable)
    assert profile["features"] == len(learnable.features)
    assert profile["difficulty_rate"] == pytest.approx(float(learnable.labels.mean()))
    assert len(json.dumps(profile)) < 1_000  # it does not grow with the clients


def test_mlflow_gets_name_digest_source_and_profile(
    learnable: TrainingSet, tmp_path: Path
) -> None:
    profile = profile_clients(DATA, learnable)
    stored = ClientDataset(tmp_path, "labelled clients", "ab" * 32, profile).to_dict()
    assert stored["name"] == "labelled clients"
    assert stored["digest"] == "ab" * 8
    assert json.loads(stored["source"]) == {"uri": str(tmp_path)}
    assert json.loads(stored["profile"]) == profile
