"""How a feature is declared: name, unit, words, direction of risk and the columns it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from credit.columns import Layout
from credit.dossier import Rows, Words
from credit.features.declaration.concepts import Concept
from credit.features.expressions.vectorised import Computation
from credit.localised_text import Text
from credit.schema import Kind, Table


class Unit(StrEnum):
    """What one step of a feature is."""

    CURRENCY = "currency"
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"
    COUNT = "count"
    SHARE = "share"
    """Of one, shown as a percentage: 0 to 1, but for rates of interest."""
    RATIO = "ratio"
    SCORE = "score"
    FLAG = "flag"
    RATING = "rating"
    HOUR = "hour"
    CATEGORY = "category"


class Risk(IntEnum):
    """How the risk is expected to move as the feature grows (LightGBM's own encoding)."""

    FALLS = -1
    FREE = 0
    RISES = 1


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A number the model may look at, with all that is said about it anywhere."""

    name: str
    label: Text
    unit: Unit
    concept: Concept
    risk: Risk
    sources: frozenset[str]
    """The raw columns it rests on, as `table.COLUMN`, found by tracing its computation."""

    @property
    def categorical(self) -> bool:
        return self.unit is Unit.CATEGORY


Declared = TypeVar("Declared", bound=Computation)


Held = TypeVar("Held")


class Recorder(dict[str, Held]):
    """What stands under names, remembering which of them were read."""

    def __init__(self, cells: Mapping[str, Held], read: set[str]) -> None:
        super().__init__(cells)
        self._read = read

    def __getitem__(self, name: str) -> Held:
        self._read.add(name)
        return super().__getitem__(name)


def sources_of(
    table: Table,
    compute: Callable[[Rows], object],
    derived: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> frozenset[str]:
    """The raw columns a computation reads, found by running it on no rows.

    Args:
        derived: Columns that stand beside the raw ones, with the raw columns they rest on.
    """
    read: set[str] = set()
    columns = table.columns.values()
    words = {column.name: NO_WORDS for column in columns if column.kind is Kind.CATEGORY}
    numbers = [*(column.name for column in columns if column.name not in words), *derived]
    layout = Layout(table, Recorder({name: place for place, name in enumerate(numbers)}, read))
    nothing, nobody = np.empty((len(numbers), 0)), np.empty(0, np.int64)
    compute(Rows(layout, nobody, nothing, Recorder(words, read), np.empty(0, np.bool_)))
    own = (frozenset({f"{table.name}.{name}"}) for name in read - derived.keys())
    return frozenset().union(*own, *(derived[name] for name in read & derived.keys()))


NO_WORDS = Words(np.empty(0, dtype=np.int32), ())


def unique(features: Iterable[Feature]) -> dict[str, Feature]:
    """Features by name; a name is a column of the matrix, so it must be told once."""
    found: dict[str, Feature] = {}
    for feature in features:
        if feature.name in found:
            raise ValueError(f"the feature {feature.name} is declared twice")
        found[feature.name] = feature
    return found
