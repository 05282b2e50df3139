"""Write folders of raw tables from dossiers, as a lender or Kaggle would write them."""

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
TEST_TABLE = "application_test"


def make_table_frame(table: Table, rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """Build a frame with every column of a table: ids as integers, other numbers as floats."""
    types = {
        name: pl.String()
        if column.kind in {ColumnKind.CATEGORY, ColumnKind.YES_NO}
        else (pl.Int64() if column.kind is ColumnKind.ID else pl.Float64())
        for name, column in table.columns.items()
    }
    return pl.DataFrame(list(rows), schema=types, strict=False, orient="row")


def make_table_frames(
    people: Sequence[Dossier],
    *,
    labels: NDArray[Any] | None = None,
    application: str = TRAIN_TABLE,
) -> dict[str, pl.DataFrame]:
    """Build the tables of dossiers, by file name; a history that no dossier has is left out."""
    forms = make_table_frame(APPLICATION, (person[APPLICATION.name] for person in people))
    if labels is not None:
        forms = forms.with_columns(pl.Series(TARGET.name, labels))
    frames = {application: forms}
    for name, table in HISTORIES.items():
        if any(person.get(name) is not None for person in people):
            frames[name] = make_table_frame(table, _iter_history_rows(people, table))
    return frames


def write_tables(
    folder: Path, tables: Mapping[str, pl.DataFrame], extension: str = ".parquet"
) -> Path:
    """Write tables into a folder, all in the same format, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        write_table_file(folder / f"{name}{extension}", rows)
    return folder


def write_table_file(path: Path, rows: pl.DataFrame) -> None:
    """Write one table in the format of its extension."""
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


def _iter_history_rows(people: Sequence[Dossier], table: Table) -> Iterable[Mapping[str, object]]:
    """Yield the rows of all clients; each names its client if the table has that column."""
    for person in people:
        client = {"SK_ID_CURR": person[APPLICATION.name]["SK_ID_CURR"]}
        added_cells = client if "SK_ID_CURR" in table.columns else {}
        yield from ({**row, **added_cells} for row in person.get(table.name) or ())
