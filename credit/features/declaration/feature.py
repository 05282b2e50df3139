"""How a feature is declared: name, unit, words, direction of risk and the columns it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from credit.columns import ColumnLayout
from credit.dossier import CategoricalColumn, Rows
from credit.features.declaration.concepts import Concept
from credit.features.expressions.vectorised import Expression
from credit.localised_text import Text
from credit.schema import ColumnKind, Table


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


class RiskDirection(IntEnum):
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
    risk: RiskDirection
    sources: frozenset[str]
    """The raw columns it rests on, as `table.COLUMN`, found by tracing its computation."""

    @property
    def is_categorical(self) -> bool:
        return self.unit is Unit.CATEGORY


ExpressionT = TypeVar("ExpressionT", bound=Expression)


ValueT = TypeVar("ValueT")


class ColumnTracer(dict[str, ValueT]):
    """What stands under names, remembering which of them were read."""

    def __init__(self, columns: Mapping[str, ValueT], columns_read: set[str]) -> None:
        super().__init__(columns)
        self._columns_read = columns_read

    def __getitem__(self, name: str) -> ValueT:
        self._columns_read.add(name)
        return super().__getitem__(name)


def trace_sources(
    table: Table,
    compute: Callable[[Rows], object],
    derived: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> frozenset[str]:
    """The raw columns a computation reads, found by running it on no rows.

    Args:
        derived: Columns that stand beside the raw ones, with the raw columns they rest on.
    """
    columns_read: set[str] = set()
    columns = table.columns.values()
    category_columns = {
        column.name: EMPTY_CATEGORICAL_COLUMN
        for column in columns
        if column.kind is ColumnKind.CATEGORY
    }
    numeric_names = [
        *(column.name for column in columns if column.name not in category_columns),
        *derived,
    ]
    layout = ColumnLayout(
        table,
        ColumnTracer({name: index for index, name in enumerate(numeric_names)}, columns_read),
    )
    no_values, no_owners = np.empty((len(numeric_names), 0)), np.empty(0, np.int64)
    compute(
        Rows(
            layout,
            no_owners,
            no_values,
            ColumnTracer(category_columns, columns_read),
            np.empty(0, np.bool_),
        )
    )
    own_sources = (frozenset({f"{table.name}.{name}"}) for name in columns_read - derived.keys())
    return frozenset().union(
        *own_sources, *(derived[name] for name in columns_read & derived.keys())
    )


EMPTY_CATEGORICAL_COLUMN = CategoricalColumn(np.empty(0, dtype=np.int32), ())


def by_name(features: Iterable[Feature]) -> dict[str, Feature]:
    """Features by name; a name is a column of the matrix, so it must be told once."""
    features_by_name: dict[str, Feature] = {}
    for feature in features:
        if feature.name in features_by_name:
            raise ValueError(f"the feature {feature.name} is declared twice")
        features_by_name[feature.name] = feature
    return features_by_name
