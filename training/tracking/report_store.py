"""The reports under `home`: what trainings and studies lay there for people to read.

A study is shown beside a model of the same data only; of other data one line says how to get it.
What else is different is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import copyfile
from types import MappingProxyType
from typing import Any, Self

from stores.atomic_files import whole
from stores.settings import Settings
from training.experiments.ablation_variants import PROTECTED

STUDIES = MappingProxyType({"comparison": "compare", "ablation": "ablate"})
"""Studies that the report of a training shows, each with the command that makes it."""

OTHER_DATA = (
    "<section><p>The last {name} is of other data: run "
    "<code>python -m training {command} --data ...</code> on these.</p></section>"
)

OTHERWISE = (
    "<section><p>The {name} below is of these data, but not as this model was made: "
    "{differences}. Run <code>python -m training {command}</code> with this model's options."
    "</p></section>"
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
    formulas: str
    """A digest of the features and of what they say."""
    clients: int
    everybody: int
    """Of whom the clients were drawn."""
    seed: int
    also: tuple[str, ...] = ()
    """Fingerprints of folders whose clients taught, too."""

    @classmethod
    def of(
        cls,
        about: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        formulas: str,
        seed: int,
        drawn: int | None = None,
    ) -> Self:
        """Of the facts about the data that a study was made of.

        Args:
            formulas: Of all clients, whoever was drawn.
            drawn: Clients, where not all are looked at.
        """
        return cls(
            data=about["fingerprint"],
            code=about["code"],
            day=about["trained_at"][:10],
            parameters=dict(parameters),
            formulas=formulas,
            clients=drawn or about["clients"],
            everybody=about["clients"],
            seed=seed,
            also=tuple(folder["fingerprint"] for folder in about.get("also", ())),
        )

    def differences(self, kept: Mapping[str, Any]) -> str:
        """What a study of the same data, as it was kept, looked at instead of this; in words."""
        told = {
            "parameters": "other parameters",
            "formulas": "other features",
            "clients": f"{kept.get('clients', 'other')} clients of {self.clients}",
            "seed": "another seed",
            "also": "other clients who teach beside",
        }
        mine = asdict(self) | {"also": list(self.also)}
        return ", ".join(said for name, said in told.items() if kept.get(name) != mine[name])


def lay(where: Settings, paths: Iterable[Path]) -> None:
    """Copy files into the reports, where each replaces the one before when it is whole."""
    for path in paths:
        with whole(where.reports / path.name) as part:
            copyfile(path, part)


def read_studies(where: Settings, origin: Origin) -> tuple[str, ...]:
    """The sections for a report on a model of this origin, as HTML."""
    told = (_section(where, name, origin) for name in STUDIES)
    return tuple(section for section in told if section)


def protected_prices(where: Settings, origin: Origin) -> tuple[str, ...]:
    """What each protected attribute is worth in AUC, by an ablation of the same data.

    The last says what else was different then.
    """
    kept = _kept(where, "ablation")
    if kept.get("origin", {}).get("data") != origin.data:
        return ()
    told = []
    for row in kept["rows"]:
        if row["group"] == PROTECTED:
            value, (low, high) = row["auc"]["value"], row["auc"]["interval"]
            told.append(f"{row['part']} {value:+.4f} ({low:+.4f} to {high:+.4f})")
    differences = origin.differences(kept["origin"])
    if told and differences:
        told.append(f"measured with {differences}")
    return tuple(told)


def _section(where: Settings, name: str, origin: Origin) -> str | None:
    page = where.reports / f"{name}.html"
    if not page.exists():
        return None
    kept = _kept(where, name).get("origin", {})
    if kept.get("data") != origin.data:
        return OTHER_DATA.format(name=name, command=STUDIES[name])
    section = page.read_text(encoding="utf-8")
    if differences := origin.differences(kept):
        told = OTHERWISE.format(name=name, command=STUDIES[name], differences=differences)
        section = told + section
    return section


def _kept(where: Settings, name: str) -> dict[str, Any]:
    """A study's results as JSON; nothing where there are none."""
    path = where.reports / f"{name}.json"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return told
