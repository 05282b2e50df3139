"""The reports folder under `home`, to which trainings and experiments copy their reports.

A training report includes the last comparison and ablation only if they used the same data;
otherwise it shows how to run them. Other differences are listed above the section.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from shutil import copyfile
from types import MappingProxyType
from typing import Any

from credit.localised_text import Text
from stores.atomic_files import atomic_write
from stores.settings import Settings
from training.reporting.formatting import format_gain
from training.reporting.languages import Language
from training.tracking.provenance import PROTECTED_GROUP, Provenance

COMMAND_BY_EXPERIMENT = MappingProxyType({"comparison": "compare", "ablation": "ablate"})
"""Experiments shown in the report of a training, and the sub-command that runs each."""

OTHER_DATA_NOTICE = Text(
    "<section><p>La dernière étude « {name} » porte sur d'autres données : lancez "
    "<code>python -m training {command} --data ...</code> sur les données de ce modèle."
    "</p></section>",
    "<section><p>The last {name} used other data: run "
    "<code>python -m training {command} --data ...</code> on this model's data.</p></section>",
)

STALE_STUDY_NOTICE = Text(
    "<section><p>L'étude « {name} » ci-dessous porte sur les mêmes données, mais diffère de ce "
    "modèle ({differences}). Lancez <code>python -m training {command}</code> avec les options de "
    "ce modèle.</p></section>",
    "<section><p>The {name} below used the same data, but differs from this model: "
    "{differences}. Run <code>python -m training {command}</code> with this model's options."
    "</p></section>",
)


def publish_reports(settings: Settings, paths: Iterable[Path]) -> None:
    """Copy files into the reports folder; each replaces the previous one atomically."""
    for path in paths:
        with atomic_write(settings.reports_folder / path.name) as temp_path:
            copyfile(path, temp_path)


def list_report_files(settings: Settings) -> set[str]:
    """Return the names of the files in the reports folder."""
    folder = settings.reports_folder
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def read_experiment_sections(settings: Settings, provenance: Provenance) -> tuple[Text, ...]:
    """Return the HTML sections of comparison and ablation for a report on this model."""
    sections = (_read_section(settings, name, provenance) for name in COMMAND_BY_EXPERIMENT)
    return tuple(section for section in sections if section)


def read_attribute_costs(settings: Settings, provenance: Provenance) -> tuple[str, ...]:
    """Return the AUC gain of each protected attribute, from an ablation of the same data.

    If the ablation differed in other ways, the last line lists them. Without an ablation of the
    same data the result is empty.
    """
    stored = _read_results(settings, "ablation")
    if stored.get("origin", {}).get("data") != provenance.data:
        return ()
    costs = []
    for row in stored["rows"]:
        if row["group"] == PROTECTED_GROUP:
            low, high = row["auc"]["interval"]
            costs.append(f"{row['part']} {format_gain(row['auc']['value'], (low, high))}")
    differences = provenance.describe_differences(stored["origin"])
    if costs and differences:
        costs.append(f"measured with {differences}")
    return tuple(costs)


def _read_section(settings: Settings, name: str, provenance: Provenance) -> Text | None:
    """Return an experiment's section, with a notice if it differs; None if there is none."""
    if not (settings.reports_folder / Language.EN.name_file(name)).exists():
        return None
    stored = _read_results(settings, name).get("origin", {})
    command = COMMAND_BY_EXPERIMENT[name]
    if stored.get("data") != provenance.data:
        return OTHER_DATA_NOTICE.format(name=name, command=command)
    section = Text(
        _extract_section(settings, name, Language.FR),
        _extract_section(settings, name, Language.EN),
    )
    if differences := provenance.describe_differences(stored):
        notice = STALE_STUDY_NOTICE.format(name=name, command=command, differences=differences)
        section = Text(notice.fr + section.fr, notice.en + section.en)
    return section


def _extract_section(settings: Settings, name: str, language: Language) -> str:
    """Return the section of an experiment's page; the English one if there is no other."""
    path = settings.reports_folder / language.name_file(name)
    if not path.exists():
        return f'<div lang="en">{_extract_section(settings, name, Language.EN)}</div>'
    page = path.read_text(encoding="utf-8")
    return page[page.index("<section") : page.rindex("</section>") + len("</section>")]


def _read_results(settings: Settings, name: str) -> dict[str, Any]:
    """Read the JSON results of an experiment; empty if there are none."""
    path = settings.reports_folder / f"{name}.json"
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return results
