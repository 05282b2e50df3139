"""Open one file of a raw table, whatever its format, as a stream of checked rows."""

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

import polars as pl

from credit.errors import Fault
from credit.schema import Column, Table
from stores.atomic_files import atomic_write
from stores.raw_tables.cell_checks import NULL_VALUES, check_table
from stores.raw_tables.lender_mapping import MappedTable

FILE_EXTENSIONS = (".parquet", ".csv", ".csv.gz", ".csv.zip")

MAX_ROW_BYTES = 1 << 16
"""Maximum size of a row: so many bytes at the end of a file hold its last row."""

READ_ERRORS = (pl.exceptions.PolarsError, OSError, EOFError, zipfile.BadZipFile, zlib.error)
"""Raised while reading a file that is damaged, or of another format than its extension."""


def find_table_file(folder: Path, name: str) -> Path | None:
    """Return the file of a table, Parquet first, or None if there is none."""
    return next(
        (
            path
            for extension in FILE_EXTENSIONS
            if (path := folder / f"{name}{extension}").is_file()
        ),
        None,
    )


class TableReader:
    """Reads the files of a folder, and collects their faults."""

    def __init__(self, cache: Path) -> None:
        self.faults: list[Fault] = []
        self.parquet_files: dict[str, Path] = {}
        """Parquet file with the rows of each table read: the original, or a typed copy."""
        self._cache = cache

    def read(
        self,
        table: Table,
        path: Path,
        mapping: MappedTable | None = None,
        extra_columns: Sequence[Column] = (),
    ) -> pl.LazyFrame:
        """Read one table as a stream of checked rows: ids as Int64, numbers as Float64.

        A file that must be parsed or mapped is copied once to a typed Parquet file in the cache,
        which later calls read. Faults are added to `faults`; with faults the stream must not be
        used.

        Args:
            table: The declared table.
            path: Its file.
            mapping: Names and units of a lender's own file.
            extra_columns: Columns to read beyond those of the table, such as the label.
        """
        columns = [*table.columns.values(), *extra_columns]
        cache_path = self._get_cache_path(path, mapping, columns)
        needs_copy = path.suffix != ".parquet" or mapping is not None
        self.parquet_files[table.name] = cache_path if needs_copy else path
        if cache_path.exists():
            return pl.scan_parquet(cache_path)
        try:
            with _open_table(path, self._cache) as raw:
                checked_rows, faults = check_table(raw, table, path, mapping, columns)
                self.faults += faults
                if self.faults or not needs_copy:
                    return checked_rows
                with atomic_write(cache_path) as temp_path:
                    checked_rows.sink_parquet(temp_path, engine="streaming")
        except READ_ERRORS as error:
            self.faults.append(Fault(path.name, str(error).splitlines()[0], "a readable table"))
            return pl.LazyFrame()
        return pl.scan_parquet(cache_path)

    def _get_cache_path(
        self, path: Path, mapping: MappedTable | None, columns: Sequence[Column]
    ) -> Path:
        """Return the path of the typed copy; it changes with the file, mapping and schema."""
        stat = path.stat()
        cache_key = f"{path.absolute()} {stat.st_mtime_ns} {stat.st_size} {mapping} {columns}"
        return self._cache / "tables" / f"{sha256(cache_key.encode()).hexdigest()[:20]}.parquet"


@contextmanager
def _open_table(path: Path, cache: Path) -> Iterator[pl.LazyFrame]:
    """Yield the cells of a file: typed if it is Parquet, as text if it is CSV.

    A compressed CSV file is unpacked to a temporary file in the cache.
    """
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
    """Read the cells of a CSV file as text.

    Raises:
        EOFError: the last row has too few cells, as in a truncated download; Polars would fill the
            rest with nulls.
    """
    with path.open("rb") as file:
        header = file.readline().decode(errors="replace")
        file.seek(max(path.stat().st_size - MAX_ROW_BYTES, 0))
        *_, last_row = file.read().decode(errors="replace").rstrip("\n").rsplit("\n", 1)
    expected_count, actual_count = (
        len(next(csv.reader([line]), [])) for line in (header, last_row)
    )
    if actual_count < expected_count:
        raise EOFError(f"the last row ends after {actual_count} of {expected_count} cells")
    return pl.scan_csv(path, infer_schema=False, null_values=list(NULL_VALUES))


@contextmanager
def _open_compressed(path: Path) -> Iterator[gzip.GzipFile | IO[bytes]]:
    if path.suffix == ".gz":
        with gzip.GzipFile(path, "rb") as gzip_file:
            yield gzip_file
    else:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            # macOS adds a folder with the attributes of every file.
            csv_names = [n for n in names if n.endswith(".csv") and not n.startswith("__MACOSX/")]
            if len(csv_names) != 1:
                raise zipfile.BadZipFile(
                    f"{len(csv_names)} CSV files in the archive, expected one"
                )
            with archive.open(csv_names[0]) as member:
                yield member
