"""A lender's own files: one YAML maps its names, words and units onto the schema.

    application:
      files:                         # names without endings, by Kaggle's
        application_train: demandes_2024
        application_test: nouvelles
      columns:
        TARGET:          {column: impaye}       # looked for where labels are wanted
        AMT_CREDIT:      {column: montant_centimes, factor: 0.01}
        DAYS_BIRTH:      {column: age_annees, factor: -365.25, round: true}
        FLAG_OWN_CAR:    {column: vehicule, words: {oui: "Y", non: "N"}}
    bureau:
      file: autres_credits
      columns:
        SK_ID_CURR:      {column: numero}
        SK_ID_BUREAU:    {column: credit}

So one YAML serves training, scoring and drift. Columns that are not mapped are unknown; the
lender's other columns are left alone. A file that is not named has its usual name.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError, model_validator

from credit.errors import Fault, InvalidTables, nearest
from credit.schema import APPLICATION, TABLES

APPLICATIONS = ("application_train", "application_test")
"""The files of applications, labelled and new, in Kaggle's words."""


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
    """Of a history, its file's name without ending; the table's own when unset."""
    files: dict[str, str] = {}
    """Of the applications, their files' names without ending, by Kaggle's."""
    columns: dict[str, MappedColumn]

    def expressions(self, wanted: Container[str]) -> list[pl.Expr]:
        """The wanted columns, of those that are mapped."""
        mapped = self.columns.items()
        return [column.expression(name) for name, column in mapped if name in wanted]


class LenderFiles(RootModel[dict[str, MappedTable]]):
    """The whole file, by table of the schema."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name, mapped in self.root.items():
            if name not in TABLES:
                raise ValueError(f"{name} is not a table; the tables are {', '.join(TABLES)}")
            _refuse_misnamed(name, mapped)
            for column in mapped.columns:
                if column not in TABLES[name].columns and column != "TARGET":
                    raise ValueError(
                        f"{name}.{column} is not {nearest(column, TABLES[name].columns)}"
                    )
        return self

    def file_of(self, name: str) -> str:
        """The lender's name for the file of a history, or of applications by Kaggle's name."""
        own = {table: mapped.file for table, mapped in self.root.items() if mapped.file}
        if APPLICATION.name in self.root:
            own |= self.root[APPLICATION.name].files
        return own.get(name, name)

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


def _refuse_misnamed(name: str, mapped: MappedTable) -> None:
    """Applications have two files, labelled and new; a history has one.

    Raises:
        ValueError: the mapping says otherwise.
    """
    if name != APPLICATION.name and mapped.files:
        raise ValueError(f"{name} has one file: name it as `file`")
    if name == APPLICATION.name and mapped.file:
        raise ValueError(f"{name} has several files: name them under `files`, by Kaggle's names")
    for one in mapped.files:
        if one not in APPLICATIONS:
            known = " and ".join(APPLICATIONS)
            raise ValueError(f"{name}.files.{one} is no file of applications; those are {known}")
