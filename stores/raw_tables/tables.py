"""Files of raw tables, found, checked and read as streams.

folder ──► file of each table ──► cells of the declared type ──► checked ──► LazyFrame
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
from stores.raw_tables.lender_mapping import LenderMapping


@dataclass(frozen=True)
class Tables:
    """The checked tables of a folder, as streams: rows are read when they are needed."""

    folder: Path
    application: pl.LazyFrame
    """With TARGET when the tables are labelled."""
    histories: Mapping[str, pl.LazyFrame]
    absent_histories: tuple[str, ...]
    """Histories without a file: unknown of everyone."""
    parquet_files: Mapping[str, Path]
    """The Parquet file, by table, that holds the checked rows: for engines other than Polars."""
    sources: Mapping[str, Path]
    """The file of the folder, by table, that the rows come from."""


def resolve_table_file(
    folder: Path, name: str, lender: LenderMapping | None = None
) -> Path | None:
    """The file of a history, or of applications by Kaggle's name, under the lender's own name."""
    return find_table_file(folder, lender.resolve_file_name(name) if lender else name)


def missing_applications_error(
    folder: Path, names: Iterable[str], lender: LenderMapping | None = None
) -> InvalidTables:
    """The fault of a folder that has none of these files of applications."""
    file_names = [lender.resolve_file_name(name) if lender else name for name in names]
    expected_files = ", ".join(
        f"{name}{ending}" for name in file_names for ending in FILE_EXTENSIONS
    )
    return InvalidTables([Fault(str(folder), "no application file", f"one of {expected_files}")])


def read_tables(
    folder: Path,
    *,
    application: str = "application_train",
    labelled: bool = False,
    lender: LenderMapping | None = None,
    cache: Path,
) -> Tables:
    """Find, check and open the tables of a folder.

    Args:
        application: Kaggle's name, without ending, of the file of applications.
        labelled: Whether TARGET must be there.
        lender: Names, words and units of a lender's own files.
        cache: Folder where compressed files are unpacked.

    Raises:
        InvalidTables: with every fault found.
    """
    mappings = lender.root if lender else {}
    reader = TableReader(cache)
    application_file = resolve_table_file(folder, application, lender)
    if application_file is None:
        raise missing_applications_error(folder, [application], lender)
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
