"""Schema of the seven raw tables: type, unit, range and meaning of every column.

The names are those of the public *Home Credit Default Risk* data. Files and requests use the same
names.
"""

from __future__ import annotations

from types import MappingProxyType

from credit.schema.application import APPLICATION, TARGET
from credit.schema.declaration import NEVER_DAYS, Column, ColumnKind, Provider, Table
from credit.schema.history import (
    BUREAU,
    BUREAU_BALANCE,
    CREDIT_CARD_BALANCE,
    INSTALLMENTS_PAYMENTS,
    POS_CASH_BALANCE,
    PREVIOUS_APPLICATION,
)

__all__ = [
    "APPLICATION",
    "BUREAU",
    "BUREAU_BALANCE",
    "CREDIT_CARD_BALANCE",
    "HISTORIES",
    "INSTALLMENTS_PAYMENTS",
    "NEVER_DAYS",
    "POS_CASH_BALANCE",
    "PREVIOUS_APPLICATION",
    "TABLES",
    "TARGET",
    "Column",
    "ColumnKind",
    "Provider",
    "Table",
]

HISTORIES = MappingProxyType(
    {
        table.name: table
        for table in (
            BUREAU,
            BUREAU_BALANCE,
            PREVIOUS_APPLICATION,
            INSTALLMENTS_PAYMENTS,
            POS_CASH_BALANCE,
            CREDIT_CARD_BALANCE,
        )
    }
)
"""Tables with any number of rows per client, by name."""

TABLES = MappingProxyType({APPLICATION.name: APPLICATION, **HISTORIES})
