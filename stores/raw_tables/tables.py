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
from stores.raw_tables.file_reader import ENDINGS, Reader, find
from stores.raw_tables.lender_mapping import LenderFiles


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
    sources: Mapping[str, Path]
    """The file of the folder, by table, that the rows come from."""


def file_of(folder: Path, name: str, lender: LenderFiles | None = None) -> Path | None:
    """The file of a history, or of applications by Kaggle's name, under the lender's own name."""
    return find(folder, lender.file_of(name) if lender else name)


def no_applications(
    folder: Path, names: Iterable[str], lender: LenderFiles | None = None
) -> InvalidTables:
    """The fault of a folder that has none of these files of applications."""
    own = [lender.file_of(name) if lender else name for name in names]
    wanted = ", ".join(f"{name}{ending}" for name in own for ending in ENDINGS)
    return InvalidTables([Fault(str(folder), "no application file", f"one of {wanted}")])


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
        application: Kaggle's name, without ending, of the file of applications.
        labelled: Whether TARGET must be there.
        lender: Names, words and units of a lender's own files.
        cache: Folder where compressed files are unpacked.

    Raises:
        InvalidTables: with every fault found.
    """
    mapped = lender.root if lender else {}
    reader = Reader(cache)
    found = file_of(folder, application, lender)
    if found is None:
        raise no_applications(folder, [application], lender)
    extra = (TARGET,) if labelled else ()
    forms = reader.read(APPLICATION, found, mapped.get(APPLICATION.name), extra)
    sources = {name: path for name in HISTORIES if (path := file_of(folder, name, lender))}
    histories = {
        name: reader.read(HISTORIES[name], path, mapped.get(name))
        for name, path in sources.items()
    }
    if reader.faults:
        raise InvalidTables(reader.faults)
    absent = tuple(name for name in HISTORIES if name not in histories)
    sources = {APPLICATION.name: found, **sources}
    return Tables(folder, forms, histories, absent, reader.files, sources)
