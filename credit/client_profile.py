"""Build the profile of a client that an adviser sees: the main lines of the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from credit.dossier import Document
from credit.features import Unit
from credit.localised_text import Text
from credit.schema import APPLICATION, NEVER_DAYS, Column, ColumnKind
from credit.value_format import UNKNOWN_TEXT, format_value

PROFILE_COLUMNS = (
    "NAME_CONTRACT_TYPE",
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "AMT_GOODS_PRICE",
    "AMT_INCOME_TOTAL",
    "NAME_INCOME_TYPE",
    "OCCUPATION_TYPE",
    "DAYS_EMPLOYED",
    "DAYS_BIRTH",
    "NAME_FAMILY_STATUS",
    "CNT_CHILDREN",
    "NAME_EDUCATION_TYPE",
    "NAME_HOUSING_TYPE",
    "FLAG_OWN_REALTY",
    "FLAG_OWN_CAR",
)
"""Columns of the application form; no more than an adviser needs (GDPR, Article 5.1.c)."""

NO_JOB_TEXT = Text("sans emploi (retraite surtout)", "no job (pensioners above all)")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the profile."""

    column: str
    label: Text
    value: float | str | None
    """Value in the dossier."""
    text: Text
    """Value for display."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    client_id: int
    lines: tuple[Line, ...]


def build_profile(client_id: int, document: Document) -> Profile:
    """Build the profile of a client."""
    form = document[APPLICATION.name]
    return Profile(
        client_id=client_id,
        lines=tuple(_build_line(column, form.get(column)) for column in PROFILE_COLUMNS),
    )


def _build_line(name: str, value: Any) -> Line:
    column = APPLICATION[name]
    label = column.label or Text(column.meaning, column.meaning)
    return Line(column=name, label=label, value=value, text=_format_column_value(column, value))


def _format_column_value(column: Column, value: Any) -> Text:
    if value in column.sentinels:
        return NO_JOB_TEXT if value == NEVER_DAYS else UNKNOWN_TEXT
    if value is None:
        return UNKNOWN_TEXT
    if column.kind is ColumnKind.YES_NO:
        return format_value(float(value == "Y"), Unit.FLAG)
    if column.unit == "days":
        return format_value(float(-value), Unit.DAYS)
    return format_value(value, Unit(column.unit))
