"""Test that a champion is not compared on its auxiliary clients, which it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import make_table_frames, write_tables
from tests.training.conftest import CLIENTS, SEED, find_finding, laboratory_in
from training.gates import Verdict

pytestmark = pytest.mark.slow

AUXILIARY = 600


def forms(first: int) -> list[Dossier]:
    """Clients without histories, ids from `first` on."""
    people: list[Dossier] = [
        {"application": person["application"]}
        for person in make_random_dossiers(AUXILIARY, SEED + 9)
    ]
    for number, person in enumerate(people, start=first):
        person["application"]["SK_ID_CURR"] = number
    return people


def test_auxiliary_clients_of_the_champion_are_left_out_of_the_comparison(
    tmp_path: Path,
) -> None:
    with laboratory_in(tmp_path / "home") as laboratory:
        people = laboratory.people()
        other_rows = forms(len(people) + 1)
        labels, theirs = laboratory.labels(people), laboratory.labels(other_rows)
        also = write_tables(tmp_path / "also", make_table_frames(other_rows, labels=theirs))
        champion = laboratory.train(people, labels, also=[also])
        assert champion.blocking_codes == ()
        successor = laboratory.train(people + other_rows, np.concatenate([labels, theirs]))
        requested = laboratory.evaluations[1].champion
    assert requested is not None
    results = ~np.isnan(requested.risks)
    assert results[: len(people)].all()
    assert not results[len(people) :].any()
    compared = find_finding(successor, "CRG101")
    assert compared.verdict is Verdict.PASSES
    assert f"on the same {CLIENTS:,} clients" in compared.message
