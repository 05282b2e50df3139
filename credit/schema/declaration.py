"""How a raw column and a raw table are declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from credit.localised_text import Text

NEVER_DAYS = 365_243
"""The source writes a thousand years, in days, for "never" or "does not apply"."""

MAX_AMOUNT = 1e10
"""Ten billion: 17 times the largest amount of the public data. Above it, a unit is wrong."""


class ColumnKind(StrEnum):
    """What a cell holds. All but categories travel as numbers."""

    ID = "id"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    YES_NO = "yes_no"
    """`Y` or `N` in the files; 1 or 0 as soon as it is read."""
    CATEGORY = "category"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One raw column: its name on the wire, what may stand in it, and what it means."""

    name: str
    kind: ColumnKind
    unit: str
    meaning: str
    low: float | None = None
    """The least value accepted, inclusive."""
    high: float | None = None
    """The greatest value accepted, inclusive."""
    sentinels: Mapping[float | str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Values that are words in disguise, with what they say. They are read as unknown."""
    label: Text | None = None
    """What an adviser and a client call it; only the application form has labels."""
    required: bool = False
    """A row without it is a fault: a key."""

    @property
    def is_numeric(self) -> bool:
        return self.kind is not ColumnKind.CATEGORY

    @property
    def is_whole_number(self) -> bool:
        """Whether only integers make sense. Kaggle writes some of them as `3.0`, which is accepted."""
        return self.kind in {ColumnKind.ID, ColumnKind.INTEGER, ColumnKind.FLAG}

    @cached_property
    def unknown_categories(self) -> frozenset[str]:
        """The sentinels of a category."""
        return frozenset(map(str, self.sentinels))

    def describe_expected(self) -> str:
        """What a cell of this column must be, in words, for an error.

        >>> Column(name="x", kind=Kind.INTEGER, unit="days", meaning="", low=-10, high=0).expected()
        'an integer from -10 to 0, or null'
        """
        description = {
            ColumnKind.ID: "an integer id",
            ColumnKind.NUMBER: "a number",
            ColumnKind.INTEGER: "an integer",
            ColumnKind.FLAG: "0 or 1",
            ColumnKind.YES_NO: '"Y" or "N"',
            ColumnKind.CATEGORY: "a string",
        }[self.kind]
        if self.kind in {ColumnKind.NUMBER, ColumnKind.INTEGER}:
            description += f" from {self.low:g} to {self.high:g}"
            if self.sentinels:
                description += f" (or {', '.join(map(str, self.sentinels))})"
        return description if self.required else f"{description}, or null"


@dataclass(frozen=True, kw_only=True)
class Table:
    """One raw table."""

    name: str
    meaning: str
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...]
    """Columns that no two rows share; empty where the source has none."""
    owner_column: str = "SK_ID_CURR"
    """The column that says whose row it is: a client's, or a bureau credit's."""

    def __getitem__(self, column: str) -> Column:
        return self.columns[column]

    @cached_property
    def sentinels(self) -> Mapping[str, tuple[float | str, ...]]:
        """The columns that have any, each with its own."""
        columns = self.columns.items()
        return {name: tuple(column.sentinels) for name, column in columns if column.sentinels}


def declare_table(
    name: str,
    meaning: str,
    *columns: Column | Iterable[Column],
    primary_key: tuple[str, ...] = (),
    owner_column: str = "SK_ID_CURR",
) -> Table:
    flat = [c for part in columns for c in ([part] if isinstance(part, Column) else part)]
    by_name = MappingProxyType({column.name: column for column in flat})
    if len(by_name) != len(flat):
        raise ValueError(f"{name}: a column is declared twice")
    return Table(
        name=name,
        meaning=meaning,
        columns=by_name,
        primary_key=primary_key,
        owner_column=owner_column,
    )


def id_column(name: str, meaning: str, *, required: bool = True) -> Column:
    # Below 2^53: an id must survive a stop-over as a float, and no neighbour become it.
    return Column(
        name=name,
        kind=ColumnKind.ID,
        unit="id",
        meaning=meaning,
        low=0,
        high=2**53 - 1,
        required=required,
    )


def amount_column(name: str, meaning: str, *, low: float = 0, label: Text | None = None) -> Column:
    return Column(
        name=name, kind=ColumnKind.NUMBER, unit="currency", meaning=meaning,
        low=low, high=MAX_AMOUNT, label=label,
    )  # fmt: skip


def number_column(
    name: str, meaning: str, *, unit: str, low: float, high: float, label: Text | None = None
) -> Column:
    return Column(
        name=name,
        kind=ColumnKind.NUMBER,
        unit=unit,
        meaning=meaning,
        low=low,
        high=high,
        label=label,
    )


def integer_column(
    name: str,
    meaning: str,
    *,
    unit: str = "count",
    low: float = 0,
    high: float,
    sentinels: Mapping[float | str, str] | None = None,
    required: bool = False,
    label: Text | None = None,
) -> Column:
    return Column(
        name=name, kind=ColumnKind.INTEGER, unit=unit, meaning=meaning, low=low, high=high,
        sentinels=MappingProxyType(dict(sentinels or {})), required=required, label=label,
    )  # fmt: skip


def days_column(
    name: str, meaning: str, *, low: float = -36_525, high: float = 0,
    never: str | None = None, label: Text | None = None,
) -> Column:  # fmt: skip
    """Days from the day of application; the past is negative. `never` says what 365243 means."""
    sentinels: dict[float | str, str] = {NEVER_DAYS: never} if never else {}
    return integer_column(
        name, meaning, unit="days", low=low, high=high, sentinels=sentinels, label=label
    )


def month_column(name: str, meaning: str) -> Column:
    return integer_column(name, meaning, unit="months", low=-1_200, high=0, required=True)


def flag_column(name: str, meaning: str, label: Text | None = None) -> Column:
    return Column(
        name=name, kind=ColumnKind.FLAG, unit="flag", meaning=meaning, low=0, high=1, label=label
    )


def yes_no_column(name: str, meaning: str, label: Text | None = None) -> Column:
    return Column(
        name=name, kind=ColumnKind.YES_NO, unit="flag", meaning=meaning, low=0, high=1, label=label
    )


def category_column(
    name: str, meaning: str, *, unknown: tuple[str, ...] = (), label: Text | None = None
) -> Column:
    """A word. `unknown` lists the source's words for "not known"."""
    return Column(
        name=name, kind=ColumnKind.CATEGORY, unit="category", meaning=meaning,
        sentinels=MappingProxyType(dict.fromkeys(unknown, "not known")), label=label,
    )  # fmt: skip
