"""Studies are shown beside a model of the same data, and what was different is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stores.settings import Settings
from training.tracking.provenance import Provenance
from training.tracking.report_store import read_experiment_sections

STUDY = "<section>a study</section>"


def origin_of(data: str = "these", **changes: Any) -> Provenance:
    told = {
        "data": data, "code": "test", "day": "2026-11-24", "parameters": {"a": 1},
        "formulas": "f", "clients": 900, "total_clients": 900, "seed": 0,
    }  # fmt: skip
    return Provenance(**{**told, **changes})


def left(where: Settings, origin: Provenance) -> None:
    """What a comparison leaves."""
    where.reports_folder.mkdir(exist_ok=True)
    (where.reports_folder / "comparison.json").write_text(json.dumps({"origin": origin.to_dict()}))
    (where.reports_folder / "comparison.html").write_text(STUDY)


def test_a_study_of_the_same_data_is_shown(tmp_path: Path) -> None:
    where = Settings(home=tmp_path)
    assert read_experiment_sections(where, origin_of()) == ()
    left(where, origin_of())
    assert read_experiment_sections(where, origin_of()) == (STUDY,)


def test_a_study_of_other_data_is_not_shown_but_asked_for(tmp_path: Path) -> None:
    where = Settings(home=tmp_path)
    left(where, origin_of("others"))
    [told] = read_experiment_sections(where, origin_of())
    assert STUDY not in told
    assert "other data" in told
    assert "python -m training compare --data" in told
    (where.reports_folder / "comparison.json").write_text("{}")  # as before it said of what it was
    assert read_experiment_sections(where, origin_of()) == (told,)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parameters": {"a": 2}}, "other parameters"),
        ({"formulas": "g"}, "other features"),
        ({"clients": 500}, "500 clients of 900"),
        ({"seed": 1}, "another seed"),
        ({"also": ("forms",)}, "other auxiliary clients"),
    ],
)
def test_a_study_made_otherwise_is_shown_with_a_warning(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    where = Settings(home=tmp_path)
    left(where, origin_of(**changes))
    [told] = read_experiment_sections(where, origin_of())
    assert told.endswith(STUDY)
    assert f"{said}. Run" in told
