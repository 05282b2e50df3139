"""What an adviser is shown of a client: the form's main lines, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from credit.dossier import Document
from credit.features import Unit
from credit.localised_text import Text
from credit.reasons import UNKNOWN, said
from credit.schema import APPLICATION, NEVER, Column, Kind

SHOWN = (
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

NO_JOB = Text("sans emploi (retraite surtout)", "no job (pensioners above all)")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the profile."""

    column: str
    label: Text
    value: float | str | None
    """As it stands in the dossier."""
    text: Text
    """As people read it."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    client_id: int
    lines: tuple[Line, ...]


def profile(client_id: int, document: Document) -> Profile:
    """The profile of a client."""
    form = document[APPLICATION.name]
    return Profile(
        client_id=client_id, lines=tuple(_line(column, form.get(column)) for column in SHOWN)
    )


def _line(name: str, value: Any) -> Line:
    column = APPLICATION[name]
    label = column.label or Text(column.meaning, column.meaning)
    return Line(column=name, label=label, value=value, text=_text(column, value))


def _text(column: Column, value: Any) -> Text:
    if value in column.sentinels:
        return NO_JOB if value == NEVER else UNKNOWN
    if value is None:
        return UNKNOWN
    if column.kind is Kind.YES_NO:
        return said(float(value == "Y"), Unit.FLAG)
    if column.unit == "days":
        return said(float(-value), Unit.DAYS)
    return said(value, Unit(column.unit))
