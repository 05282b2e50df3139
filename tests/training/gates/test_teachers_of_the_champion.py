"""A champion is not asked about clients who taught it in every fold: it would know the answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import make_random_dossiers
from tests.support.table_folders import make_table_frames, write_tables
from tests.training.conftest import CLIENTS, SEED, found, laboratory_in
from training.gates import Verdict

pytestmark = pytest.mark.slow

TAUGHT = 600


def forms(first: int) -> list[Dossier]:
    """Clients of whom the form alone is known, ids from `first` on."""
    people: list[Dossier] = [
        {"application": person["application"]} for person in make_random_dossiers(TAUGHT, SEED + 9)
    ]
    for number, person in enumerate(people, start=first):
        person["application"]["SK_ID_CURR"] = number
    return people


def test_a_successor_judged_by_the_champion_s_teachers_is_compared_on_the_others(
    tmp_path: Path,
) -> None:
    with laboratory_in(tmp_path / "home") as laboratory:
        people = laboratory.people()
        others = forms(len(people) + 1)
        labels, theirs = laboratory.labels(people), laboratory.labels(others)
        also = write_tables(tmp_path / "also", make_table_frames(others, labels=theirs))
        champion = laboratory.train(people, labels, also=[also])
        assert champion.blocking_codes == ()
        successor = laboratory.train(people + others, np.concatenate([labels, theirs]))
        asked = laboratory.evaluations[1].champion
    assert asked is not None
    told = ~np.isnan(asked.risks)
    assert told[: len(people)].all()
    assert not told[len(people) :].any()
    compared = found(successor, "CRG101")
    assert compared.verdict is Verdict.PASSES
    assert f"on the same {CLIENTS:,} clients" in compared.message
