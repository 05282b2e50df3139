"""A lender's own files: one YAML maps its names, words and units onto the schema.

    application:
      file: demandes                 # the file's name without its ending
      columns:
        AMT_CREDIT:      {column: montant_centimes, factor: 0.01}
        DAYS_BIRTH:      {column: age_annees, factor: -365.25, round: true}
        FLAG_OWN_CAR:    {column: vehicule, words: {oui: "Y", non: "N"}}

Columns that are not mapped are unknown; the lender's other columns are left alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError, model_validator

from credit.errors import Fault, InvalidTables, nearest
from credit.schema import TABLES


class MappedColumn(BaseModel):
    """Where one of the schema's columns comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    column: str
    """Its name in the lender's file."""
    factor: float = 1.0
    """What its numbers are multiplied by, to reach the schema's unit."""
    round: bool = False
    """Whether the result is rounded to a whole number."""
    words: dict[str, str] = {}
    """The lender's words, with the schema's; other words stay as they are."""

    def expression(self, name: str) -> pl.Expr:
        column = pl.col(self.column)
        if self.words:
            column = column.cast(pl.String).replace(self.words)
        if self.factor != 1.0:
            column = column.cast(pl.Float64, strict=False) * self.factor
        return (column.round() if self.round else column).alias(name)


class MappedTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file: str | None = None
    """Its file's name without ending; the table's own when unset."""
    columns: dict[str, MappedColumn]

    def expressions(self) -> list[pl.Expr]:
        return [column.expression(name) for name, column in self.columns.items()]


class LenderFiles(RootModel[dict[str, MappedTable]]):
    """The whole file, by table of the schema."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name, mapped in self.root.items():
            if name not in TABLES:
                raise ValueError(f"{name} is not a table; the tables are {', '.join(TABLES)}")
            for column in mapped.columns:
                if column not in TABLES[name].columns and column != "TARGET":
                    raise ValueError(
                        f"{name}.{column} is not {nearest(column, TABLES[name].columns)}"
                    )
        return self

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the YAML.

        Raises:
            InvalidTables: it maps what is not in the schema, or is no mapping at all.
        """
        try:
            return cls.model_validate(yaml.safe_load(path.read_text()))
        except ValidationError as error:
            faults = [
                Fault(f"{path.name}: {'.'.join(map(str, e['loc']))}", e["input"], e["msg"])
                for e in error.errors()
            ]
            raise InvalidTables(faults) from error
        except yaml.YAMLError as error:
            raise InvalidTables([Fault(path.name, "no YAML", str(error))]) from error
