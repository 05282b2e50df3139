"""The metadata of a feature, and the tracing of the raw columns that it is computed from."""

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
    """Unit of a feature's values."""

    CURRENCY = "currency"
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"
    COUNT = "count"
    SHARE = "share"
    """0 to 1, except for interest rates. Shown as a percentage."""
    RATIO = "ratio"
    SCORE = "score"
    FLAG = "flag"
    RATING = "rating"
    HOUR = "hour"
    CATEGORY = "category"


class RiskDirection(IntEnum):
    """Expected change of the risk as the feature grows, encoded as LightGBM's monotone constraints."""

    FALLS = -1
    FREE = 0
    RISES = 1


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A model input, with the metadata that the rest of the platform shows or checks."""

    name: str
    label: Text
    unit: Unit
    concept: Concept
    risk: RiskDirection
    sources: frozenset[str]
    """Raw columns that it is computed from, as `table.COLUMN`; found by tracing its formula."""

    @property
    def is_categorical(self) -> bool:
        return self.unit is Unit.CATEGORY


ExpressionT = TypeVar("ExpressionT", bound=Expression)


ValueT = TypeVar("ValueT")


class ColumnTracer(dict[str, ValueT]):
    """A dictionary that records the names that are read."""

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
    """Return the raw columns that a formula reads, found by running it on a table without rows.

    Args:
        derived: Computed columns that the formula may read as well, with their own raw columns.

    Returns:
        Names as `table.COLUMN`.
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
    """Return the features by name.

    Raises:
        ValueError: Two features have the same name, which is the name of a matrix column.
    """
    features_by_name: dict[str, Feature] = {}
    for feature in features:
        if feature.name in features_by_name:
            raise ValueError(f"the feature {feature.name} is declared twice")
        features_by_name[feature.name] = feature
    return features_by_name
