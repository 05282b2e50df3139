"""Map a lender's own file names, column names, words and units to the schema, by one YAML file.

    application:
      files:                         # names without extension, by Kaggle's
        application_train: demandes_2024
        application_test: nouvelles
      columns:
        TARGET:          {column: impaye}       # needed for labelled tables only
        AMT_CREDIT:      {column: montant_centimes, factor: 0.01}
        DAYS_BIRTH:      {column: age_annees, factor: -365.25, round: true}
        FLAG_OWN_CAR:    {column: vehicule, words: {oui: "Y", non: "N"}}
    bureau:
      file: autres_credits
      columns:
        SK_ID_CURR:      {column: numero}
        SK_ID_BUREAU:    {column: credit}

One YAML file serves training, scoring and drift checks. Columns that are not mapped are unknown,
and further columns of the lender are ignored. A file that is not named has Kaggle's name.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError, model_validator

from credit.errors import Fault, InvalidTables, suggest_known_name
from credit.schema import APPLICATION, TABLES, TARGET

LABELLED_APPLICATION_FILE_NAME = "application_train"
NEW_APPLICATION_FILE_NAME = "application_test"
APPLICATION_FILE_NAMES = (LABELLED_APPLICATION_FILE_NAME, NEW_APPLICATION_FILE_NAME)
"""Kaggle's names, without extension, of the files of applications."""


class MappedColumn(BaseModel):
    """The lender's column for a column of the schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    column: str
    """Name in the lender's file."""
    factor: float = 1.0
    """Multiplier that converts numbers to the unit of the schema."""
    round: bool = False
    """Round the result to a whole number."""
    words: dict[str, str] = {}
    """The schema's word for each of the lender's; other words stay unchanged."""

    def to_expression(self, name: str) -> pl.Expr:
        """Build the expression that computes the column `name` of the schema."""
        column = pl.col(self.column)
        if self.words:
            column = column.cast(pl.String).replace(self.words)
        if self.factor != 1.0:
            column = column.cast(pl.Float64, strict=False) * self.factor
        return (column.round() if self.round else column).alias(name)


class MappedTable(BaseModel):
    """The lender's file for a table of the schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file: str | None = None
    """File name of a history, without extension; the name of the table when unset."""
    files: dict[str, str] = {}
    """File names of the applications, without extension, by Kaggle's names."""
    columns: dict[str, MappedColumn]

    def to_expressions(self, column_names: Container[str]) -> list[pl.Expr]:
        """Build the expressions of the mapped columns among `column_names`."""
        mapped_columns = self.columns.items()
        return [
            column.to_expression(name) for name, column in mapped_columns if name in column_names
        ]


class LenderMapping(RootModel[dict[str, MappedTable]]):
    """The whole mapping, by table of the schema."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _check_columns_exist(self) -> Self:
        for name, mapping in self.root.items():
            if name not in TABLES:
                raise ValueError(f"{name} is not a table; the tables are {', '.join(TABLES)}")
            _check_file_names(name, mapping)
            for column in mapping.columns:
                if column not in TABLES[name].columns and column != TARGET.name:
                    hint = suggest_known_name(column, TABLES[name].columns)
                    raise ValueError(f"{name}.{column} is not {hint}")
        return self

    def resolve_file_name(self, name: str) -> str:
        """Return the lender's file name for Kaggle's, both without extension."""
        file_names = {table: mapping.file for table, mapping in self.root.items() if mapping.file}
        if APPLICATION.name in self.root:
            file_names |= self.root[APPLICATION.name].files
        return file_names.get(name, name)

    @classmethod
    def from_yaml(cls, path: Path) -> Self:
        """Read a mapping from a YAML file.

        Raises:
            InvalidTables: the file is no YAML, no mapping, or maps what the schema does not have.
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


def _check_file_names(name: str, mapping: MappedTable) -> None:
    """Check that applications name their two files, labelled and new, and a history its one.

    Raises:
        ValueError: they do not.
    """
    if name != APPLICATION.name and mapping.files:
        raise ValueError(f"{name} has one file: name it as `file`")
    if name == APPLICATION.name and mapping.file:
        raise ValueError(f"{name} has several files: name them under `files`, by Kaggle's names")
    for file_name in mapping.files:
        if file_name not in APPLICATION_FILE_NAMES:
            raise ValueError(
                f"{name}.files.{file_name} is not a file of applications; "
                f"these are {' and '.join(APPLICATION_FILE_NAMES)}"
            )
