"""Folders of raw tables, written from dossiers as a lender or Kaggle would write them."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from credit.schema import APPLICATION, HISTORIES, TARGET, ColumnKind, Table
from tests.support.example_dossiers import Dossier

TRAIN_TABLE = "application_train"


def make_table_frame(table: Table, rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """Rows with every column of a table, ids as integers and other numbers as floats."""
    types = {
        name: pl.String()
        if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}
        else (pl.Int64() if column.kind is ColumnKind.ID else pl.Float64())
        for name, column in table.columns.items()
    }
    return pl.DataFrame(list(rows), schema=types, strict=False, orient="row")


def make_table_frames(
    people: Sequence[Dossier], *, labels: NDArray[Any] | None = None, forms: str = TRAIN_TABLE
) -> dict[str, pl.DataFrame]:
    """The tables of some dossiers, by file name; histories known of nobody are left out."""
    told = {forms: make_table_frame(APPLICATION, (person[APPLICATION.name] for person in people))}
    if labels is not None:
        told[forms] = told[forms].with_columns(pl.Series(TARGET.name, labels))
    for name, table in HISTORIES.items():
        if any(person.get(name) is not None for person in people):
            told[name] = make_table_frame(table, _owned(people, table))
    return told


def write_tables(
    folder: Path, tables: Mapping[str, pl.DataFrame], ending: str = ".parquet"
) -> Path:
    """Write tables into a folder, all with the same ending."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        write_table_file(folder / f"{name}{ending}", rows)
    return folder


def write_table_file(path: Path, rows: pl.DataFrame) -> None:
    """Write one table as its ending says."""
    text = rows.write_csv().encode()
    if path.name.endswith(".parquet"):
        rows.write_parquet(path)
    elif path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(text))
    elif path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.stem, text)
    else:
        path.write_bytes(text)


def _owned(people: Sequence[Dossier], table: Table) -> Iterable[Mapping[str, object]]:
    """The rows of everyone, each naming its client."""
    for person in people:
        client = {"SK_ID_CURR": person[APPLICATION.name]["SK_ID_CURR"]}
        named = client if "SK_ID_CURR" in table.columns else {}
        yield from ({**row, **named} for row in person.get(table.name) or ())
