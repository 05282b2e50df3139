"""Pydantic types of requests, built from the schema: one typed dictionary per table.

Pydantic validates a body in one pass over its bytes. It rejects unknown keys, wrong types, NaN,
infinities and numbers out of range, and reports each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import GenericAlias
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, WithJsonSchema
from typing_extensions import TypedDict

from credit.schema import APPLICATION, HISTORIES, Column, ColumnKind, Table

STRICT_CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

MAX_ROWS_PER_HISTORY = 20_000
"""Maximum rows of one history: 100 times the longest one of the public data."""

MAX_CATEGORY_CHARS = 200

MAX_REQUEST_BYTES = 4 * 2**20
"""Maximum size of one request: 20 times the longest dossier of the public data, and enough for
`MAX_ROWS_PER_HISTORY` payments. Parsing this much blocks all other requests for about 50 ms."""


def make_value_type(column: Column) -> Any:
    """Return the type of one cell. Integers are accepted as floats, as in Kaggle's files."""
    if column.kind is ColumnKind.CATEGORY:
        value_type: Any = Annotated[str, Field(max_length=MAX_CATEGORY_CHARS)]
    elif column.kind is ColumnKind.YES_NO:
        value_type = Literal["Y", "N"]
    else:
        value_type = _make_number_type(
            column.low, column.high, is_whole_number=column.is_whole_number
        )
        for sentinel in column.sentinels:
            value_type |= _make_number_type(
                sentinel, sentinel, is_whole_number=column.is_whole_number
            )
    description = Field(description=f"{column.meaning}. Unit: {column.unit}.")
    return Annotated[value_type if column.required else value_type | None, description]


def _make_number_type(low: Any, high: Any, *, is_whole_number: bool) -> Any:
    schema = {"type": "integer" if is_whole_number else "number", "minimum": low, "maximum": high}
    bounds = Field(ge=low, le=high, multiple_of=1 if is_whole_number else None)
    return Annotated[float, bounds, WithJsonSchema(schema)]


def make_typed_dict(name: str, fields: Mapping[str, Any]) -> Any:
    """Return a typed dictionary that rejects unknown keys, NaN and infinities."""
    factory: Any = TypedDict
    typed_dict = factory(name, fields)
    typed_dict.__pydantic_config__ = STRICT_CONFIG
    return typed_dict


def make_row_type(name: str, columns: Iterable[Column]) -> Any:
    """Return a typed dictionary of `columns`; those not required may be missing."""
    fields = {
        column.name: make_value_type(column)
        if column.required
        else NotRequired[make_value_type(column)]
        for column in columns
    }
    return make_typed_dict(name, fields)


def make_rows_type(table: Table) -> Any:
    """Return the type of a history: a list of rows, null or missing."""
    list_type = GenericAlias(list, (make_row_type(table.name, table.columns.values()),))
    return NotRequired[Annotated[list_type, Field(max_length=MAX_ROWS_PER_HISTORY)] | None]


APPLICATION_TYPE = make_row_type(APPLICATION.name, APPLICATION.columns.values())
HISTORY_TYPES = {name: make_rows_type(table) for name, table in HISTORIES.items()}
Dossier = make_typed_dict("Dossier", {APPLICATION.name: APPLICATION_TYPE, **HISTORY_TYPES})
"""Nested document of one client. A missing or null table is unknown; [] means no rows."""

Changes = make_row_type(
    "Changes", (c for c in APPLICATION.columns.values() if c.kind is not ColumnKind.ID)
)
"""Changes to the application form for a simulation; null makes a column unknown."""

ClientId = _make_number_type(0, 2**53 - 1, is_whole_number=True)

Request = make_typed_dict(
    "Request",
    {
        "client_id": NotRequired[ClientId | None],
        "dossier": NotRequired[Dossier | None],
        "changes": NotRequired[Changes | None],
    },
)
"""A request for a decision: exactly one of `client_id` and `dossier`; null means missing."""

REQUEST_ADAPTER: TypeAdapter[dict[str, Any]] = TypeAdapter(Request)

REQUEST_LIST_ADAPTER: TypeAdapter[dict[str, list[Any]]] = TypeAdapter(
    make_typed_dict("Many", {"requests": list[Any]})
)
"""Many requests, not validated here: each is validated by itself, so one error fails one only."""
