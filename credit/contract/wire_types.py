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

from credit.schema import APPLICATION, HISTORIES, Column, Kind, Table

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

MOST_ROWS = 20_000
"""Rows of one history: a hundred times what the longest of the public data holds."""

LONGEST_WORD = 200

LARGEST = 4 * 2**20
"""Bytes of one request: twenty times the longest dossier of the public data, and `MOST_ROWS`
payments. It is read in one go, within some 50 ms for which nobody else gets on."""


def cell(column: Column) -> Any:
    """The type of one cell. Whole numbers travel as floats too, as Kaggle's files write them."""
    if column.kind is Kind.CATEGORY:
        kind: Any = Annotated[str, Field(max_length=LONGEST_WORD)]
    elif column.kind is Kind.YES_NO:
        kind = Literal["Y", "N"]
    else:
        kind = _number(column.low, column.high, whole=column.whole)
        for sentinel in column.sentinels:
            kind |= _number(sentinel, sentinel, whole=column.whole)
    described = Field(description=f"{column.meaning}. Unit: {column.unit}.")
    return Annotated[kind if column.required else kind | None, described]


def _number(low: Any, high: Any, *, whole: bool) -> Any:
    schema = {"type": "integer" if whole else "number", "minimum": low, "maximum": high}
    bounds = Field(ge=low, le=high, multiple_of=1 if whole else None)
    return Annotated[float, bounds, WithJsonSchema(schema)]


def shape(name: str, keys: Mapping[str, Any]) -> Any:
    """A typed dictionary that refuses unknown keys, NaN and infinities."""
    make: Any = TypedDict
    made = make(name, keys)
    made.__pydantic_config__ = STRICT
    return made


def row(name: str, columns: Iterable[Column]) -> Any:
    """A typed dictionary of these columns; what is not required may be left out."""
    cells = {c.name: cell(c) if c.required else NotRequired[cell(c)] for c in columns}
    return shape(name, cells)


def rows(table: Table) -> Any:
    listed = GenericAlias(list, (row(table.name, table.columns.values()),))
    return NotRequired[Annotated[listed, Field(max_length=MOST_ROWS)] | None]


FORM = row(APPLICATION.name, APPLICATION.columns.values())
HISTORY = {name: rows(table) for name, table in HISTORIES.items()}
Dossier = shape("Dossier", {APPLICATION.name: FORM, **HISTORY})
"""One client's nested document. A missing key and null are unknown, [] is known to have none."""

Changes = row("Changes", (c for c in APPLICATION.columns.values() if c.kind is not Kind.ID))
"""What-if on the application form; null makes a column unknown."""

ClientId = _number(0, 2**53 - 1, whole=True)

Request = shape(
    "Request",
    {
        "client_id": NotRequired[ClientId | None],
        "dossier": NotRequired[Dossier | None],
        "changes": NotRequired[Changes | None],
    },
)
"""What is to be judged: exactly one of `client_id` and `dossier`; null is as good as left out."""

REQUEST: TypeAdapter[dict[str, Any]] = TypeAdapter(Request)

MANY: TypeAdapter[dict[str, list[Any]]] = TypeAdapter(shape("Many", {"requests": list[Any]}))
"""Many requests; each is looked at by itself, so that a bad one harms no other."""
