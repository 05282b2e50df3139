"""Test that a report shows experiments on the same data, and names what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from credit.localised_text import Text
from stores.settings import Settings
from training.reporting.languages import Language
from training.tracking.provenance import Provenance
from training.tracking.report_store import read_experiment_sections

STUDY = Text("<section>une étude</section>", "<section>a study</section>")
PAGE = "<!doctype html><main><h1>Page</h1>\n{study}\n</main>"


def origin_of(data: str = "these", **changes: Any) -> Provenance:
    results = {
        "data": data, "code": "test", "day": "2026-11-24", "parameters": {"a": 1},
        "formulas": "f", "clients": 900, "total_clients": 900, "seed": 0,
    }  # fmt: skip
    return Provenance(**{**results, **changes})


def names(home_settings: Settings, origin: Provenance) -> None:
    """What a comparison leaves."""
    home_settings.reports_folder.mkdir(exist_ok=True)
    (home_settings.reports_folder / "comparison.json").write_text(
        json.dumps({"origin": origin.to_dict()})
    )
    for language, study in ((Language.EN, STUDY.en), (Language.FR, STUDY.fr)):
        page = PAGE.format(study=study)
        (home_settings.reports_folder / language.name_file("comparison")).write_text(page)


def test_an_experiment_on_the_same_data_is_shown(tmp_path: Path) -> None:
    home_settings = Settings(home=tmp_path)
    assert read_experiment_sections(home_settings, origin_of()) == ()
    names(home_settings, origin_of())
    assert read_experiment_sections(home_settings, origin_of()) == (STUDY,)


def test_an_experiment_on_other_data_is_replaced_by_its_command(tmp_path: Path) -> None:
    home_settings = Settings(home=tmp_path)
    names(home_settings, origin_of("others"))
    [results] = read_experiment_sections(home_settings, origin_of())
    assert STUDY.en not in results.en
    assert "other data" in results.en
    assert "autres données" in results.fr
    assert all("training compare --data" in text for text in (results.en, results.fr))
    (home_settings.reports_folder / "comparison.json").write_text(
        "{}"
    )  # as before results had a provenance
    assert read_experiment_sections(home_settings, origin_of()) == (results,)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"parameters": {"a": 2}}, "other parameters"),
        ({"formulas": "g"}, "other features"),
        ({"clients": 500}, "500 clients of 900"),
        ({"seed": 1}, "another seed"),
        ({"also": ("forms",)}, "other auxiliary clients"),
    ],
)
def test_an_experiment_with_other_settings_is_shown_with_a_warning(
    tmp_path: Path, changes: dict[str, Any], text: str
) -> None:
    home_settings = Settings(home=tmp_path)
    names(home_settings, origin_of(**changes))
    [results] = read_experiment_sections(home_settings, origin_of())
    assert results.en.endswith(STUDY.en)
    assert results.fr.endswith(STUDY.fr)
    assert f"{text}. Run" in results.en


def test_an_experiment_of_an_earlier_version_is_a_fragment_in_english(tmp_path: Path) -> None:
    home_settings = Settings(home=tmp_path)
    names(home_settings, origin_of())
    (home_settings.reports_folder / "comparison.fr.html").unlink()
    (home_settings.reports_folder / "comparison.html").write_text(STUDY.en)
    [section] = read_experiment_sections(home_settings, origin_of())
    assert section == Text(f'<div lang="en">{STUDY.en}</div>', STUDY.en)
