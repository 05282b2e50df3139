"""The shapes of raw rows on the wire, made from the schema: one typed dictionary a table.

Validated by pydantic in one pass over the bytes: unknown keys, wrong types, NaN, infinities and
numbers out of range are all refused, and all told.
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
"""Rows of one history: a hundred times what the longest of the public data holds."""

MAX_CATEGORY_CHARS = 200

MAX_REQUEST_BYTES = 4 * 2**20
"""Bytes of one request: twenty times the longest dossier of the public data, and `MOST_ROWS`
payments. It is read in one go, within some 50 ms for which nobody else gets on."""


def make_value_type(column: Column) -> Any:
    """The type of one cell. Whole numbers travel as floats too, as Kaggle's files write them."""
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
    """A typed dictionary that refuses unknown keys, NaN and infinities."""
    factory: Any = TypedDict
    typed_dict = factory(name, fields)
    typed_dict.__pydantic_config__ = STRICT_CONFIG
    return typed_dict


def make_row_type(name: str, columns: Iterable[Column]) -> Any:
    """A typed dictionary of these columns; what is not required may be left out."""
    fields = {
        column.name: make_value_type(column)
        if column.required
        else NotRequired[make_value_type(column)]
        for column in columns
    }
    return make_typed_dict(name, fields)


def make_rows_type(table: Table) -> Any:
    list_type = GenericAlias(list, (make_row_type(table.name, table.columns.values()),))
    return NotRequired[Annotated[list_type, Field(max_length=MAX_ROWS_PER_HISTORY)] | None]


APPLICATION_TYPE = make_row_type(APPLICATION.name, APPLICATION.columns.values())
HISTORY_TYPES = {name: make_rows_type(table) for name, table in HISTORIES.items()}
Dossier = make_typed_dict("Dossier", {APPLICATION.name: APPLICATION_TYPE, **HISTORY_TYPES})
"""One client's nested document. A missing key and null are unknown, [] is known to have none."""

Changes = make_row_type(
    "Changes", (c for c in APPLICATION.columns.values() if c.kind is not ColumnKind.ID)
)
"""What-if on the application form; null makes a column unknown."""

ClientId = _make_number_type(0, 2**53 - 1, is_whole_number=True)

Request = make_typed_dict(
    "Request",
    {
        "client_id": NotRequired[ClientId | None],
        "dossier": NotRequired[Dossier | None],
        "changes": NotRequired[Changes | None],
    },
)
"""What is to be judged: exactly one of `client_id` and `dossier`; null is as good as left out."""

REQUEST_ADAPTER: TypeAdapter[dict[str, Any]] = TypeAdapter(Request)

REQUEST_LIST_ADAPTER: TypeAdapter[dict[str, list[Any]]] = TypeAdapter(
    make_typed_dict("Many", {"requests": list[Any]})
)
"""Many requests; each is looked at by itself, so that a bad one harms no other."""
