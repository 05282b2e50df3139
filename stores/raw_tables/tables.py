"""Find, check and read the raw tables of a folder as streams.

folder ──► file of each table ──► cells of the declared type ──► LazyFrame
           csv, csv.gz, csv.zip,   or a fault: file, row,
           parquet, mixed          column, found, expected
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from credit.errors import Fault, InvalidTables
from credit.schema import APPLICATION, HISTORIES, TARGET
from stores.raw_tables.file_reader import FILE_EXTENSIONS, TableReader, find_table_file
from stores.raw_tables.lender_mapping import LABELLED_APPLICATION_FILE_NAME, LenderMapping


@dataclass(frozen=True)
class Tables:
    """The checked tables of a folder as streams: rows are read when they are needed."""

    folder: Path
    application: pl.LazyFrame
    """With TARGET when the tables are labelled."""
    histories: Mapping[str, pl.LazyFrame]
    absent_histories: tuple[str, ...]
    """Histories without a file, which are unknown for every client."""
    parquet_files: Mapping[str, Path]
    """Parquet file with the checked rows of each table, for engines other than Polars."""
    sources: Mapping[str, Path]
    """Original file of each table."""


def resolve_table_file(
    folder: Path, name: str, lender: LenderMapping | None = None
) -> Path | None:
    """Return the file of a history or of applications, or None if there is none.

    Args:
        folder: Folder of raw tables.
        name: Kaggle's name of the file, without extension.
        lender: Maps it to the lender's own name.
    """
    return find_table_file(folder, lender.resolve_file_name(name) if lender else name)


def build_missing_applications_error(
    folder: Path, names: Iterable[str], lender: LenderMapping | None = None
) -> InvalidTables:
    """Build the error for a folder that has none of the named files of applications."""
    file_names = [lender.resolve_file_name(name) if lender else name for name in names]
    expected_files = ", ".join(
        f"{name}{extension}" for name in file_names for extension in FILE_EXTENSIONS
    )
    return InvalidTables([Fault(str(folder), "no application file", f"one of {expected_files}")])


def read_tables(
    folder: Path,
    *,
    application: str = LABELLED_APPLICATION_FILE_NAME,
    labelled: bool = False,
    lender: LenderMapping | None = None,
    cache: Path,
) -> Tables:
    """Find, check and open the tables of a folder.

    Args:
        folder: Folder of raw tables.
        application: Kaggle's name of the file of applications, without extension.
        labelled: Read TARGET too, which must then be known for every client.
        lender: Names, words and units of a lender's own files.
        cache: Folder for unpacked files and typed copies.

    Raises:
        InvalidTables: the tables break the schema; every fault is listed.
    """
    mappings = lender.root if lender else {}
    reader = TableReader(cache)
    application_file = resolve_table_file(folder, application, lender)
    if application_file is None:
        raise build_missing_applications_error(folder, [application], lender)
    extra_columns = (TARGET,) if labelled else ()
    application_rows = reader.read(
        APPLICATION, application_file, mappings.get(APPLICATION.name), extra_columns
    )
    sources = {
        name: path for name in HISTORIES if (path := resolve_table_file(folder, name, lender))
    }
    histories = {
        name: reader.read(HISTORIES[name], path, mappings.get(name))
        for name, path in sources.items()
    }
    if reader.faults:
        raise InvalidTables(reader.faults)
    absent_histories = tuple(name for name in HISTORIES if name not in histories)
    sources = {APPLICATION.name: application_file, **sources}
    return Tables(
        folder, application_rows, histories, absent_histories, reader.parquet_files, sources
    )
