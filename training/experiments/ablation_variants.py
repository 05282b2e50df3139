"""The parts of a model that can be left out, or put beside it, to see what they are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from credit.dossier import Floats
from credit.features import Concept, Feature, Risk, Unit
from credit.localised_text import Text
from credit.policy import Policy
from credit.schema import APPLICATION, HISTORIES
from training.data.dataset import Material
from training.model.trainer import PARAMETERS

OPAQUE = frozenset(f"{APPLICATION.name}.EXT_SOURCE_{number}" for number in (1, 2, 3))
"""Scores of outside agencies that say nothing of how they were made."""

SEEDS = 3
"""Models bagged in every fit of an ablation: a seed's luck must not pass for a part's worth."""

PROTECTED = "protected attribute"
"""The group of parts that tells what excluding an attribute costs."""


def bagged(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The served model's parameters, with as many seeds as an ablation bags at least."""
    return {**parameters, "bagged": max(SEEDS, parameters["bagged"])}


BASE: Mapping[str, Any] = MappingProxyType(dict(bagged(PARAMETERS)))

SEX = Feature(
    name="sex",
    label=Text("Sexe", "Sex"),
    unit=Unit.FLAG,
    concept=Concept.FAMILY,
    risk=Risk.FREE,
    sources=frozenset({f"{APPLICATION.name}.CODE_GENDER"}),
)
"""Stands in no catalogue and in no request's row: its price is measured here, nothing else."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A fit that differs from the served model's in one part."""

    group: str
    part: str
    features: int = 0
    """Which the part is."""
    added: bool = False
    """Whether the variant has the part and the whole has not."""
    served: bool = True
    """Whether the served model has the part."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Those it is fitted with otherwise."""
    change: Callable[[Material], Material] = lambda material: material
    """Made when it is its turn: all at once would not fit into memory."""


def variants(
    material: Material,
    sex: Floats,
    policy: Policy,
    *,
    parameters: Mapping[str, Any] = PARAMETERS,
) -> Iterator[Variant]:
    """Every variant that these clients can tell something about.

    Args:
        sex: 1 for men, 0 for women, NaN where it is not told.
        parameters: Of the served model.
    """
    told = _told(material)
    for group, part, names in _parts(told, policy):
        if names and len(names) < len(told):
            yield _left_out(group, part, names)
    yield Variant(
        group=PROTECTED,
        part="sex (measured, never served)",
        features=1,
        added=True,
        served=False,
        change=lambda served: served.beside(SEX, sex),
    )
    directed, seeds = parameters["monotone"], bagged(parameters)["bagged"]
    yield Variant(
        group="fitting",
        part="declared directions of risk",
        parameters={"monotone": not directed},
        added=not directed,
        served=directed,
    )
    yield Variant(
        group="fitting",
        part=f"bagging of {seeds} seeds",
        parameters={"bagged": 1},
        served=parameters["bagged"] == seeds,
    )


def coded_sex(words: Sequence[str | None]) -> Floats:
    """CODE_GENDER as a number: what is neither man nor woman is not told.

    >>> coded_sex(["M", "F", "XNA", None]).tolist()
    [1.0, 0.0, nan, nan]
    """
    codes = {"M": 1.0, "F": 0.0}
    return np.array([codes.get(word or "", np.nan) for word in words])


def _parts(
    told: Mapping[str, Feature], policy: Policy
) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Group, part and the features it is."""
    for table in (APPLICATION.name, *HISTORIES):
        columns = {source for f in told.values() for source in f.sources}
        yield "table", table, _resting(told, {c for c in columns if c.split(".")[0] == table})
    yield "scores", "opaque external scores", _resting(told, OPAQUE)
    for protected in policy.protected:
        if not protected.excluded:
            names = _resting(told, frozenset(protected.columns))
            yield PROTECTED, protected.attribute, names
    for concept in Concept:
        names = frozenset(name for name, f in told.items() if f.concept is concept)
        yield "concept", concept.label.en, names


def _told(material: Material) -> Mapping[str, Feature]:
    """The features that are known of anybody: of an absent table there are none."""
    known = (~np.isnan(material.matrix)).sum(axis=0) > 0
    cells = zip(material.features.items(), known.tolist(), strict=True)
    return {name: feature for (name, feature), some in cells if some or feature.categorical}


def _resting(told: Mapping[str, Feature], columns: AbstractSet[str]) -> frozenset[str]:
    """The features that rest on any of these raw columns."""
    return frozenset(name for name, feature in told.items() if feature.sources & columns)


def _left_out(group: str, part: str, names: frozenset[str]) -> Variant:
    return Variant(
        group=group,
        part=part,
        features=len(names),
        change=lambda served: served.without(names),
    )
