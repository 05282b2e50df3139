"""One file of a raw table: opened, its cells read as the declared type, its faults found."""

from __future__ import annotations

import csv
import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl

from credit.errors import Fault, suggest_known_name
from credit.schema import Column, ColumnKind, Table
from stores.atomic_files import atomic_write
from stores.raw_tables.lender_mapping import MappedTable

FILE_EXTENSIONS = (".parquet", ".csv", ".csv.gz", ".csv.zip")
NULL_VALUES = ("", "NA", "NaN", "nan", "null")
"""What CSV files write for an unknown cell."""

MAX_FAULTS_PER_COLUMN = 20
"""Faults listed of one column; the rest are counted."""

MAX_ROW_BYTES = 1 << 16
"""Bytes at the end of a file that surely hold its last row."""

READ_ERRORS = (pl.exceptions.PolarsError, OSError, EOFError, zipfile.BadZipFile, zlib.error)

POLARS_DTYPES = {
    ColumnKind.ID: pl.Int64(),
    ColumnKind.NUMBER: pl.Float64(),
    ColumnKind.INTEGER: pl.Float64(),
    ColumnKind.FLAG: pl.Float64(),
    ColumnKind.YES_NO: pl.String(),
    ColumnKind.CATEGORY: pl.String(),
}


def find_table_file(folder: Path, name: str) -> Path | None:
    """The file of a table, whatever its ending; Parquet first."""
    return next(
        (
            path
            for extension in FILE_EXTENSIONS
            if (path := folder / f"{name}{extension}").is_file()
        ),
        None,
    )


class TableReader:
    """Opens files and collects their faults."""

    def __init__(self, cache: Path) -> None:
        self.faults: list[Fault] = []
        self.parquet_files: dict[str, Path] = {}
        """Parquet with the rows of each table read: its own file, or a typed copy of another's."""
        self._cache = cache

    def read(
        self,
        table: Table,
        path: Path,
        mapping: MappedTable | None = None,
        extra_columns: Sequence[Column] = (),
    ) -> pl.LazyFrame:
        """One table as a stream of checked rows: ids as Int64, numbers as Float64.

        With faults, which are then in `faults`, the stream must not be used.
        """
        columns = [*table.columns.values(), *extra_columns]
        cache_path = self._get_cache_path(path, mapping, columns)
        needs_copy = path.suffix != ".parquet" or mapping is not None
        self.parquet_files[table.name] = cache_path if needs_copy else path
        if cache_path.exists():
            return pl.scan_parquet(cache_path)
        try:
            with _open_table(path, self._cache) as raw:
                checked_rows = self._check_columns(raw, table, path, mapping, columns)
                if self.faults or not needs_copy:
                    return checked_rows
                # What must be parsed or mapped is so once; whoever reads it again reads Parquet.
                with atomic_write(cache_path) as temp_path:
                    checked_rows.sink_parquet(temp_path, engine="streaming")
        except READ_ERRORS as error:
            self.faults.append(Fault(path.name, str(error).splitlines()[0], "a readable table"))
            return pl.LazyFrame()
        return pl.scan_parquet(cache_path)

    def _check_columns(
        self,
        raw: pl.LazyFrame,
        table: Table,
        path: Path,
        mapping: MappedTable | None,
        columns: Sequence[Column],
    ) -> pl.LazyFrame:
        if mapping:
            raw = raw.select(mapping.to_expressions([column.name for column in columns]))
        dtypes = raw.collect_schema()
        absent_columns = [column for column in columns if column.name not in dtypes]
        if missing_columns := [
            c for c in absent_columns if c.required or c.name in table.primary_key or not mapping
        ]:
            self.faults += [
                _describe_missing_column(path, column, dtypes.names())
                for column in missing_columns
            ]
            return pl.LazyFrame()
        key_columns = table.primary_key
        parsers = [
            ColumnParser(c, dtypes[c.name], c.name in key_columns)
            for c in columns
            if c.name in dtypes
        ]
        self.faults += [
            *_iter_invalid_values(raw, parsers, path),
            *_iter_duplicate_keys(raw, parsers, key_columns, path),
        ]
        null_columns = (
            pl.lit(None, dtype=POLARS_DTYPES[column.kind]).alias(column.name)
            for column in absent_columns
        )
        return raw.select(*(parser.parsed_values for parser in parsers), *null_columns)

    def _get_cache_path(
        self, path: Path, mapping: MappedTable | None, columns: Sequence[Column]
    ) -> Path:
        """Where the checked rows of this very file, read this very way, are kept."""
        stat = path.stat()
        cache_key = f"{path.absolute()} {stat.st_mtime_ns} {stat.st_size} {mapping} {columns}"
        return self._cache / "tables" / f"{sha256(cache_key.encode()).hexdigest()[:20]}.parquet"


@contextmanager
def _open_table(path: Path, cache: Path) -> Iterator[pl.LazyFrame]:
    """The file's cells: typed from Parquet, as text from CSV, which is unpacked for the while."""
    if path.suffix == ".parquet":
        yield pl.scan_parquet(path)
    elif path.suffix == ".csv":
        yield _scan_csv(path)
    else:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, suffix=".csv") as csv_file:
            with _open_compressed(path) as compressed_file:
                shutil.copyfileobj(compressed_file, csv_file, length=1 << 20)
            csv_file.flush()
            yield _scan_csv(Path(csv_file.name))


def _scan_csv(path: Path) -> pl.LazyFrame:
    """The cells as text.

    Raises:
        EOFError: the last row breaks off, as in a download cut short; Polars would fill it up.
    """
    with path.open("rb") as file:
        header = file.readline().decode(errors="replace")
        file.seek(max(path.stat().st_size - MAX_ROW_BYTES, 0))
        *_, last_row = file.read().decode(errors="replace").rstrip("\n").rsplit("\n", 1)
    expected_count, actual_count = (
        len(next(csv.reader([line]), [])) for line in (header, last_row)
    )
    if actual_count < expected_count:
        raise EOFError(f"the last row breaks off after {actual_count} of {expected_count} cells")
    return pl.scan_csv(path, infer_schema=False, null_values=list(NULL_VALUES))


class ColumnParser:
    """A column of a file, on its way to the declared type."""

    def __init__(self, column: Column, dtype: pl.DataType, is_key: bool) -> None:  # noqa: FBT001 -- a fact of the table
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
        return self._value.cast(POLARS_DTYPES[self.column.kind]).alias(self.column.name)

    @property
    def is_invalid(self) -> pl.Expr:
        """Whether a cell is not what the schema declares."""
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


@contextmanager
def _open_compressed(path: Path) -> Iterator[gzip.GzipFile | IO[bytes]]:
    if path.suffix == ".gz":
        with gzip.GzipFile(path, "rb") as gzip_file:
            yield gzip_file
    else:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            # Macs add attributes of every file in a folder of their own.
            csv_names = [n for n in names if n.endswith(".csv") and not n.startswith("__MACOSX/")]
            if len(csv_names) != 1:
                raise zipfile.BadZipFile(
                    f"{len(csv_names)} CSV files in the archive, expected one"
                )
            with archive.open(csv_names[0]) as member:
                yield member


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
                    f"{path.name}: {name}", f"{count:,} such cells", "none; the first are above"
                )


def _iter_duplicate_keys(
    raw: pl.LazyFrame, parsers: Sequence[ColumnParser], key: Sequence[str], path: Path
) -> Iterator[Fault]:
    """Rows that share a primary key. Hashes are sorted, which costs 8 bytes a row."""
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
