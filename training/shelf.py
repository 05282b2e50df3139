"""The reports under `home`: what trainings and studies lay there for people to read.

A study is shown beside a model of the same data only; of other data one line says how to get it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from types import MappingProxyType
from typing import Any, Self

from stores.settings import Settings
from stores.writing import whole
from training.parts import PROTECTED

STUDIES = MappingProxyType({"comparison": "compare", "ablation": "ablate"})
"""Studies that the report of a training shows, each with the command that makes it."""

OTHER_DATA = (
    "<section><p>The last {name} is of other data: run "
    "<code>python -m training {command} --data ...</code> on these.</p></section>"
)

OTHER_PARAMETERS = (
    "<section><p>The {name} below is of these data but of other parameters than this model's: run "
    "<code>python -m training {command}</code> with its <code>--parameters</code>.</p></section>"
)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a study was made of, by what and when; kept with its results."""

    data: str
    """The fingerprint of the files."""
    code: str
    day: str
    parameters: Mapping[str, Any]
    """Of the model that was studied."""

    @classmethod
    def of(cls, about: Mapping[str, Any], parameters: Mapping[str, Any]) -> Self:
        """Of the facts about the data that a study was made of."""
        return cls(
            data=about["fingerprint"],
            code=about["code"],
            day=about["trained_at"][:10],
            parameters=dict(parameters),
        )


def lay(where: Settings, paths: Iterable[Path]) -> None:
    """Copy files into the reports, where each replaces the one before when it is whole."""
    for path in paths:
        with whole(where.reports / path.name) as part:
            copyfile(path, part)


def read_studies(where: Settings, data: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The sections for a report on a model of these data and parameters, as HTML."""
    told = (_section(where, name, data, parameters) for name in STUDIES)
    return tuple(section for section in told if section)


def protected_prices(where: Settings, data: str) -> tuple[str, ...]:
    """What each protected attribute is worth in AUC, by an ablation of the same data."""
    kept = _kept(where, "ablation")
    if kept.get("origin", {}).get("data") != data:
        return ()
    told = []
    for row in kept["rows"]:
        if row["group"] == PROTECTED:
            value, (low, high) = row["auc"]["value"], row["auc"]["interval"]
            told.append(f"{row['part']} {value:+.4f} ({low:+.4f} to {high:+.4f})")
    return tuple(told)


def _section(where: Settings, name: str, data: str, parameters: Mapping[str, Any]) -> str | None:
    page = where.reports / f"{name}.html"
    if not page.exists():
        return None
    origin = _kept(where, name).get("origin", {})
    if origin.get("data") != data:
        return OTHER_DATA.format(name=name, command=STUDIES[name])
    section = page.read_text(encoding="utf-8")
    if origin["parameters"] != dict(parameters):
        section = OTHER_PARAMETERS.format(name=name, command=STUDIES[name]) + section
    return section


def _kept(where: Settings, name: str) -> dict[str, Any]:
    """A study's results as JSON; nothing where there are none."""
    path = where.reports / f"{name}.json"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return told
