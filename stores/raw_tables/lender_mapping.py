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

from credit.errors import Fault, InvalidTables, suggest_known_name
from credit.schema import APPLICATION, TABLES

LABELLED_APPLICATION_FILE_NAME = "application_train"
NEW_APPLICATION_FILE_NAME = "application_test"
APPLICATION_FILE_NAMES = (LABELLED_APPLICATION_FILE_NAME, NEW_APPLICATION_FILE_NAME)
"""Kaggle's names, without extension, of the files of applications."""


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

    def to_expression(self, name: str) -> pl.Expr:
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

    def to_expressions(self, column_names: Container[str]) -> list[pl.Expr]:
        """The wanted columns, of those that are mapped."""
        mapped_columns = self.columns.items()
        return [
            column.to_expression(name) for name, column in mapped_columns if name in column_names
        ]


class LenderMapping(RootModel[dict[str, MappedTable]]):
    """The whole file, by table of the schema."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _check_columns_exist(self) -> Self:
        for name, mapping in self.root.items():
            if name not in TABLES:
                raise ValueError(f"{name} is not a table; the tables are {', '.join(TABLES)}")
            _check_file_names(name, mapping)
            for column in mapping.columns:
                if column not in TABLES[name].columns and column != "TARGET":
                    raise ValueError(
                        f"{name}.{column} is not {suggest_known_name(column, TABLES[name].columns)}"
                    )
        return self

    def resolve_file_name(self, name: str) -> str:
        """The lender's name for the file of a history, or of applications by Kaggle's name."""
        file_names = {table: mapping.file for table, mapping in self.root.items() if mapping.file}
        if APPLICATION.name in self.root:
            file_names |= self.root[APPLICATION.name].files
        return file_names.get(name, name)

    @classmethod
    def from_yaml(cls, path: Path) -> Self:
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


def _check_file_names(name: str, mapping: MappedTable) -> None:
    """Applications have two files, labelled and new; a history has one.

    Raises:
        ValueError: the mapping says otherwise.
    """
    if name != APPLICATION.name and mapping.files:
        raise ValueError(f"{name} has one file: name it as `file`")
    if name == APPLICATION.name and mapping.file:
        raise ValueError(f"{name} has several files: name them under `files`, by Kaggle's names")
    for file_name in mapping.files:
        if file_name not in APPLICATION_FILE_NAMES:
            expected_names = " and ".join(APPLICATION_FILE_NAMES)
            raise ValueError(
                f"{name}.files.{file_name} is no file of applications; those are {expected_names}"
            )
