"""Building blocks to declare raw tables: `Column`, `Table` and one function per kind of column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from credit.localised_text import Text

NEVER_DAYS = 365_243
"""The source writes 1,000 years, in days, for "never" or "does not apply"."""

MAX_AMOUNT = 1e10
"""Upper bound of amounts: 17 times the largest one in the public data. More means a wrong unit."""


class ColumnKind(StrEnum):
    """Kind of the values in a column. All kinds but `CATEGORY` are read as numbers."""

    ID = "id"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    YES_NO = "yes_no"
    """`Y` or `N` in files and requests; 1 or 0 once read."""
    CATEGORY = "category"


class Provider(StrEnum):
    """Who states a column."""

    APPLICANT = "applicant"
    LENDER = "lender"
    OUTSIDE = "outside"
    """A credit bureau, a scoring agency or a register: the applicant cannot withhold its answer."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A raw column: its name in files and requests, its accepted values and its meaning."""

    name: str
    kind: ColumnKind
    unit: str
    meaning: str
    low: float | None = None
    """Minimum accepted value, inclusive."""
    high: float | None = None
    """Maximum accepted value, inclusive."""
    sentinels: Mapping[float | str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Special values with their meaning; each is read as unknown."""
    label: Text | None = None
    """Name shown to advisers and clients; only columns of the application form have one."""
    required: bool = False
    """True for keys: a row without this column is rejected."""
    stated_by: Provider = Provider.LENDER
    not_applicable_when: tuple[str, float] | None = None
    """Another column of the row and its value, as a number, that makes this column meaningless."""
    zero_is_unknown: bool = False
    """True: 0 is a field that was left blank, such as a credit of 0."""

    @property
    def is_numeric(self) -> bool:
        """Return whether the column is read as numbers."""
        return self.kind is not ColumnKind.CATEGORY

    @property
    def is_whole_number(self) -> bool:
        """Return whether only integers are accepted. `3.0` is one: Kaggle writes some this way."""
        return self.kind in {ColumnKind.ID, ColumnKind.INTEGER, ColumnKind.FLAG}

    @cached_property
    def unknown_categories(self) -> frozenset[str]:
        """Sentinels of a category column, as strings."""
        return frozenset(map(str, self.sentinels))

    def describe_expected(self) -> str:
        """Return a description of the accepted values, for error messages.

        >>> days_column("x", "", low=-10).describe_expected()
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
    """A raw table and its columns."""

    name: str
    meaning: str
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...]
    """Columns that identify a row; empty if the source has no such key."""
    owner_column: str = "SK_ID_CURR"
    """Column with the id of the client, or of the bureau credit, that a row belongs to."""

    def __getitem__(self, column: str) -> Column:
        return self.columns[column]

    @cached_property
    def sentinels(self) -> Mapping[str, tuple[float | str, ...]]:
        """Map each column with sentinels to these."""
        columns = self.columns.items()
        return {name: tuple(column.sentinels) for name, column in columns if column.sentinels}


def declare_table(
    name: str,
    meaning: str,
    *columns: Column | Iterable[Column],
    primary_key: tuple[str, ...] = (),
    owner_column: str = "SK_ID_CURR",
    stated_by: Provider = Provider.LENDER,
    exceptions: Mapping[str, Provider] = MappingProxyType({}),
) -> Table:
    """Return a table of `columns`, which are columns or groups of columns.

    Args:
        name: Name of the table.
        meaning: What a row is.
        columns: Columns, or groups of columns.
        primary_key: Columns that identify a row.
        owner_column: Column with the id of the client, or of the bureau credit.
        stated_by: Who states the columns that are not in `exceptions`.
        exceptions: Columns with another provider.

    Raises:
        ValueError: A column is declared twice.
    """
    flat = [c for part in columns for c in ([part] if isinstance(part, Column) else part)]
    by_name = MappingProxyType({
        column.name: replace(column, stated_by=exceptions.get(column.name, stated_by))
        for column in flat
    })  # fmt: skip
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
    """Return a column of ids, from 0 to 2^53 - 1."""
    # Floats represent integers exactly below 2^53, so two ids never become equal.
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
    """Return a column of amounts of money, from `low` to `MAX_AMOUNT`."""
    return Column(
        name=name, kind=ColumnKind.NUMBER, unit="currency", meaning=meaning,
        low=low, high=MAX_AMOUNT, label=label,
    )  # fmt: skip


def number_column(
    name: str, meaning: str, *, unit: str, low: float, high: float, label: Text | None = None
) -> Column:
    """Return a column of real numbers from `low` to `high`, in `unit`."""
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
    """Return a column of integers from `low` to `high`; `sentinels` are accepted as well."""
    return Column(
        name=name, kind=ColumnKind.INTEGER, unit=unit, meaning=meaning, low=low, high=high,
        sentinels=MappingProxyType(dict(sentinels or {})), required=required, label=label,
    )  # fmt: skip


def days_column(
    name: str, meaning: str, *, low: float = -36_525, high: float = 0,
    never: str | None = None, label: Text | None = None,
) -> Column:  # fmt: skip
    """Return a column of days relative to the application; the past is negative.

    With `never`, the sentinel 365243 is accepted and has this meaning.
    """
    sentinels: dict[float | str, str] = {NEVER_DAYS: never} if never else {}
    return integer_column(
        name, meaning, unit="days", low=low, high=high, sentinels=sentinels, label=label
    )


def month_column(name: str, meaning: str) -> Column:
    """Return a required column of months relative to the application, from -1200 to 0."""
    return integer_column(name, meaning, unit="months", low=-1_200, high=0, required=True)


def flag_column(name: str, meaning: str, label: Text | None = None) -> Column:
    """Return a column of 0 and 1."""
    return Column(
        name=name, kind=ColumnKind.FLAG, unit="flag", meaning=meaning, low=0, high=1, label=label
    )


def yes_no_column(name: str, meaning: str, label: Text | None = None) -> Column:
    """Return a column of `Y` and `N`."""
    return Column(
        name=name, kind=ColumnKind.YES_NO, unit="flag", meaning=meaning, low=0, high=1, label=label
    )


def category_column(
    name: str, meaning: str, *, unknown: tuple[str, ...] = (), label: Text | None = None
) -> Column:
    """Return a column of categories; those in `unknown` mean "not known" in the source."""
    return Column(
        name=name, kind=ColumnKind.CATEGORY, unit="category", meaning=meaning,
        sentinels=MappingProxyType(dict.fromkeys(unknown, "not known")), label=label,
    )  # fmt: skip
