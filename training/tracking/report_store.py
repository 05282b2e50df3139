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

from stores.atomic_files import atomic_write
from stores.settings import Settings
from training.experiments.ablation_variants import PROTECTED_GROUP

COMMAND_BY_EXPERIMENT = MappingProxyType({"comparison": "compare", "ablation": "ablate"})
"""Studies that the report of a training shows, each with the command that makes it."""

OTHER_DATA_NOTICE = (
    "<section><p>The last {name} is of other data: run "
    "<code>python -m training {command} --data ...</code> on these.</p></section>"
)

STALE_STUDY_NOTICE = (
    "<section><p>The {name} below is of these data, but not as this model was made: "
    "{differences}. Run <code>python -m training {command}</code> with this model's options."
    "</p></section>"
)


@dataclass(frozen=True, kw_only=True)
class Provenance:
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
    def from_metadata(
        cls,
        data_metadata: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        formulas: str,
        seed: int,
        sample_size: int | None = None,
    ) -> Self:
        """Of the facts about the data that a study was made of.

        Args:
            formulas: Of all clients, whoever was drawn.
            drawn: Clients, where not all are looked at.
        """
        return cls(
            data=data_metadata["fingerprint"],
            code=data_metadata["code"],
            day=data_metadata["trained_at"][:10],
            parameters=dict(parameters),
            formulas=formulas,
            clients=sample_size or data_metadata["clients"],
            everybody=data_metadata["clients"],
            seed=seed,
            also=tuple(folder["fingerprint"] for folder in data_metadata.get("also", ())),
        )

    def describe_differences(self, stored: Mapping[str, Any]) -> str:
        """What a study of the same data, as it was kept, looked at instead of this; in words."""
        descriptions = {
            "parameters": "other parameters",
            "formulas": "other features",
            "clients": f"{stored.get('clients', 'other')} clients of {self.clients}",
            "seed": "another seed",
            "also": "other clients who teach beside",
        }
        current = asdict(self) | {"also": list(self.also)}
        return ", ".join(
            description
            for name, description in descriptions.items()
            if stored.get(name) != current[name]
        )


def publish_reports(settings: Settings, paths: Iterable[Path]) -> None:
    """Copy files into the reports, where each replaces the one before when it is whole."""
    for path in paths:
        with atomic_write(settings.reports_folder / path.name) as temp_path:
            copyfile(path, temp_path)


def read_experiment_sections(settings: Settings, provenance: Provenance) -> tuple[str, ...]:
    """The sections for a report on a model of this origin, as HTML."""
    sections = (_read_section(settings, name, provenance) for name in COMMAND_BY_EXPERIMENT)
    return tuple(section for section in sections if section)


def read_attribute_costs(settings: Settings, provenance: Provenance) -> tuple[str, ...]:
    """What each protected attribute is worth in AUC, by an ablation of the same data.

    The last says what else was different then.
    """
    stored = _read_results(settings, "ablation")
    if stored.get("origin", {}).get("data") != provenance.data:
        return ()
    costs = []
    for row in stored["rows"]:
        if row["group"] == PROTECTED_GROUP:
            value, (low, high) = row["auc"]["value"], row["auc"]["interval"]
            costs.append(f"{row['part']} {value:+.4f} ({low:+.4f} to {high:+.4f})")
    differences = provenance.describe_differences(stored["origin"])
    if costs and differences:
        costs.append(f"measured with {differences}")
    return tuple(costs)


def _read_section(settings: Settings, name: str, provenance: Provenance) -> str | None:
    fragment_path = settings.reports_folder / f"{name}.html"
    if not fragment_path.exists():
        return None
    stored = _read_results(settings, name).get("origin", {})
    if stored.get("data") != provenance.data:
        return OTHER_DATA_NOTICE.format(name=name, command=COMMAND_BY_EXPERIMENT[name])
    section = fragment_path.read_text(encoding="utf-8")
    if differences := provenance.describe_differences(stored):
        notice = STALE_STUDY_NOTICE.format(
            name=name, command=COMMAND_BY_EXPERIMENT[name], differences=differences
        )
        section = notice + section
    return section


def _read_results(settings: Settings, name: str) -> dict[str, Any]:
    """A study's results as JSON; nothing where there are none."""
    path = settings.reports_folder / f"{name}.json"
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return results
