"""Files of raw tables, found, checked and read as streams.

folder ──► file of each table ──► cells of the declared type ──► checked ──► LazyFrame
           csv, csv.gz, csv.zip,   or a fault: file, row,
           parquet, mixed          column, found, expected
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from credit.errors import Fault, InvalidTables
from credit.schema import APPLICATION, HISTORIES, TARGET
from stores.files import ENDINGS, Reader, find
from stores.mapping import LenderFiles


@dataclass(frozen=True)
class Tables:
    """The checked tables of a folder, as streams: rows are read when they are needed."""

    folder: Path
    application: pl.LazyFrame
    """With TARGET when the tables are labelled."""
    histories: Mapping[str, pl.LazyFrame]
    absent: tuple[str, ...]
    """Histories without a file: unknown of everyone."""
    files: Mapping[str, Path]
    """The Parquet file, by table, that holds the checked rows: for engines other than Polars."""


def read_tables(
    folder: Path,
    *,
    application: str = "application_train",
    labelled: bool = False,
    lender: LenderFiles | None = None,
    cache: Path,
) -> Tables:
    """Find, check and open the tables of a folder.

    Args:
        application: Name, without ending, of the file of applications.
        labelled: Whether TARGET must be there.
        lender: Names, words and units of a lender's own files.
        cache: Folder where compressed files are unpacked.

    Raises:
        InvalidTables: with every fault found.
    """
    mapped = lender.root if lender else {}
    reader = Reader(cache)

    def file_of(table: str, usual: str) -> Path | None:
        return find(folder, (mapped[table].file if table in mapped else None) or usual)

    path = file_of(APPLICATION.name, application)
    if path is None:
        wanted = ", ".join(f"{application}{ending}" for ending in ENDINGS)
        raise InvalidTables([Fault(str(folder), "no application file", f"one of {wanted}")])
    extra = (TARGET,) if labelled else ()
    forms = reader.read(APPLICATION, path, mapped.get(APPLICATION.name), extra)
    histories = {
        name: reader.read(table, path, mapped.get(name))
        for name, table in HISTORIES.items()
        if (path := file_of(name, name))
    }
    if reader.faults:
        raise InvalidTables(reader.faults)
    absent = tuple(name for name in HISTORIES if name not in histories)
    return Tables(folder, forms, histories, absent, reader.files)
