"""Parse the cells of a raw table to the declared types, and find those that break the schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from credit.errors import Fault, suggest_known_name
from credit.schema import Column, ColumnKind, Table
from stores.raw_tables.lender_mapping import MappedTable

NULL_VALUES = ("", "NA", "NaN", "nan", "null")
"""Texts that CSV files write for an unknown cell."""

MAX_FAULTS_PER_COLUMN = 20
"""Faults listed per column; the rest are counted."""

POLARS_DTYPES = {
    ColumnKind.ID: pl.Int64(),
    ColumnKind.NUMBER: pl.Float64(),
    ColumnKind.INTEGER: pl.Float64(),
    ColumnKind.FLAG: pl.Float64(),
    ColumnKind.YES_NO: pl.String(),
    ColumnKind.CATEGORY: pl.String(),
}


class ColumnParser:
    """Expressions that parse and check one column of a file."""

    def __init__(self, column: Column, dtype: pl.DataType, *, is_key: bool) -> None:
        """Build the expressions.

        Args:
            column: The declared column.
            dtype: The type of the column in the file.
            is_key: The column is part of the primary key, so its cells must be known.
        """
        self.column = column
        self._required = column.required or is_key
        raw = pl.col(column.name)
        self.is_known = raw.is_not_null() & (raw.is_not_nan() if dtype.is_float() else True)
        if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}:
            text = raw.cast(pl.String)
            self._value = pl.when(~text.is_in(NULL_VALUES)).then(text).otherwise(None)
            self.is_known &= ~text.is_in(NULL_VALUES)
        else:
            number = raw if dtype.is_numeric() else raw.cast(pl.String).str.strip_chars()
            self._value = number.cast(pl.Float64, strict=False).fill_nan(None)

    @property
    def parsed_values(self) -> pl.Expr:
        """Cells in the declared type; null is unknown or invalid."""
        return self._value.cast(POLARS_DTYPES[self.column.kind]).alias(self.column.name)

    @property
    def is_invalid(self) -> pl.Expr:
        """True for cells that the schema does not allow."""
        column, value = self.column, self._value
        is_valid = value.is_not_null()
        if column.kind is ColumnKind.YES_NO:
            is_valid = value.is_in(["Y", "N"])
        elif column.kind is not ColumnKind.CATEGORY:
            is_valid = value.is_between(column.low, column.high) | value.is_in(
                list(column.sentinels)
            )
        if column.is_whole_number:
            is_valid &= value % 1 == 0
        is_allowed_null = False if self._required else ~self.is_known
        return ~(is_valid.fill_null(value=False) | is_allowed_null)


def check_table(
    raw: pl.LazyFrame,
    table: Table,
    path: Path,
    mapping: MappedTable | None,
    columns: Sequence[Column],
) -> tuple[pl.LazyFrame, list[Fault]]:
    """Parse a table and list its faults.

    Columns that a lender does not map are null, unless they are required or part of the key.

    Args:
        raw: The cells as the file has them.
        table: The declared table.
        path: The file, for the messages.
        mapping: Names and units of a lender's own file.
        columns: The columns to read.

    Returns:
        The parsed rows, and the faults; with faults the rows must not be used.
    """
    if mapping:
        raw = raw.select(mapping.to_expressions([column.name for column in columns]))
    dtypes = raw.collect_schema()
    absent_columns = [column for column in columns if column.name not in dtypes]
    if missing_columns := [
        column
        for column in absent_columns
        if column.required or column.name in table.primary_key or not mapping
    ]:
        return pl.LazyFrame(), [
            _describe_missing_column(path, column, dtypes.names()) for column in missing_columns
        ]
    parsers = [
        ColumnParser(column, dtypes[column.name], is_key=column.name in table.primary_key)
        for column in columns
        if column.name in dtypes
    ]
    faults = [
        *_iter_invalid_values(raw, parsers, path),
        *_iter_duplicate_keys(raw, parsers, table.primary_key, path),
    ]
    null_columns = (
        pl.lit(None, dtype=POLARS_DTYPES[column.kind]).alias(column.name)
        for column in absent_columns
    )
    return raw.select(*(parser.parsed_values for parser in parsers), *null_columns), faults


def _describe_missing_column(path: Path, column: Column, present_columns: Sequence[str]) -> Fault:
    _, semicolon, hint = suggest_known_name(column.name, present_columns).partition(";")
    expected = f"{column.describe_expected()}{semicolon}{hint}"
    return Fault(f"{path.name}: {column.name}", "no such column", expected)


def _iter_invalid_values(
    raw: pl.LazyFrame, parsers: Sequence[ColumnParser], path: Path
) -> Iterator[Fault]:
    counts = raw.select(c.is_invalid.sum().alias(c.column.name) for c in parsers).collect(
        engine="streaming"
    )
    numbered_rows = raw.with_row_index("row number", offset=1)
    for parser in parsers:
        name = parser.column.name
        if count := counts[name].item():
            examples = (
                numbered_rows.filter(parser.is_invalid)
                .select("row number", name)
                .head(MAX_FAULTS_PER_COLUMN)
                .collect()
            )
            for row, value in examples.iter_rows():
                yield Fault(
                    f"{path.name}: row {row}, {name}", value, parser.column.describe_expected()
                )
            if count > MAX_FAULTS_PER_COLUMN:
                yield Fault(
                    f"{path.name}: {name}",
                    f"{count:,} invalid cells",
                    "none; the first are listed above",
                )


def _iter_duplicate_keys(
    raw: pl.LazyFrame, parsers: Sequence[ColumnParser], key: Sequence[str], path: Path
) -> Iterator[Fault]:
    """Yield a fault for each primary key that several rows share.

    Sorting hashes of the keys, 8 bytes per row, finds the candidates. Only rows with a repeated
    hash are then grouped by the key itself, since different keys can share a hash.
    """
    if not key:
        return
    key_rows = raw.select(parser.parsed_values for parser in parsers if parser.column.name in key)
    hashes = pl.struct(key).hash()
    sorted_hashes = np.sort(
        key_rows.select(hashes).collect(engine="streaming").to_series().to_numpy()
    )
    duplicate_hashes = np.unique(sorted_hashes[1:][sorted_hashes[1:] == sorted_hashes[:-1]])
    if not len(duplicate_hashes):
        return
    is_duplicate = hashes.is_in(pl.Series(duplicate_hashes, dtype=pl.UInt64).implode())
    groups = (
        key_rows.with_row_index("row number", offset=1)
        .filter(is_duplicate)
        .group_by(key)
        .agg("row number")
    )
    duplicates = groups.collect().filter(pl.col("row number").list.len() > 1).sort("row number")
    for *key_values, rows in duplicates.head(MAX_FAULTS_PER_COLUMN).iter_rows():
        location = f"{path.name}: rows {', '.join(map(str, rows[:5]))}, {' + '.join(key)}"
        yield Fault(
            location,
            key_values if len(key_values) > 1 else key_values[0],
            "a key that no other row has",
        )
