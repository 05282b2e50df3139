"""Write tables block by block; they appear in the folder only when all are complete."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow.parquet as pq

from credit.errors import Fault, InvalidTables
from stores.raw_tables.file_reader import FILE_EXTENSIONS
from training.synthetic.marker import MARKER_FILE, write_marker

RowWriter = Callable[[pl.DataFrame], None]


class TableWriter:
    """Write one `.csv` or `.parquet` file per table into a folder.

    Rows go to a hidden sibling folder. Leaving the `with` block moves the files into place and
    writes
    the marker. After an error the new files are removed and the folder stays as it was.

    Raises:
        InvalidTables: on entering, if the folder has older files that would take precedence over
            the new ones.
    """

    def __init__(self, folder: Path, tables: Sequence[str], suffix: str) -> None:
        self._folder = folder.resolve()
        self._partial_folder = self._folder.with_name(f".{self._folder.name}.partial")
        self._paths = {table: self._partial_folder / f"{table}.{suffix}" for table in tables}
        self._open_writer = _open_parquet if suffix == "parquet" else _open_csv
        self._writers: dict[str, RowWriter] = {}
        self._exit_stack = ExitStack()

    def append(self, table: str, rows: pl.DataFrame) -> None:
        """Append rows; all blocks of a table must have the same columns and types."""
        if table not in self._writers:
            self._writers[table] = self._open_writer(self._paths[table], rows, self._exit_stack)
        self._writers[table](rows)

    def __enter__(self) -> Self:
        self._check_no_older_files()
        # Remove the leftovers of a killed run.
        shutil.rmtree(self._partial_folder, ignore_errors=True)
        self._partial_folder.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exit_stack.close()
        if kind is None:
            write_marker(self._partial_folder, self._paths.values())
            self._move_into_place()
        shutil.rmtree(self._partial_folder, ignore_errors=True)

    def _check_no_older_files(self) -> None:
        """Raise InvalidTables for older files; they may be real data and are kept."""
        faults = [
            Fault(
                str(older_file),
                "an older file",
                f"no older file: it would be read instead of {path.name}",
            )
            for table, path in self._paths.items()
            for ending in FILE_EXTENSIONS[: FILE_EXTENSIONS.index(path.suffix)]
            if (older_file := self._folder / f"{table}{ending}").exists()
        ]
        if faults:
            raise InvalidTables(faults)

    def _move_into_place(self) -> None:
        if not self._folder.exists():
            self._partial_folder.replace(self._folder)
            return
        for path in (self._partial_folder / MARKER_FILE, *self._paths.values()):
            path.replace(self._folder / path.name)


def _open_parquet(path: Path, first_rows: pl.DataFrame, exit_stack: ExitStack) -> RowWriter:
    writer = exit_stack.enter_context(
        pq.ParquetWriter(path, first_rows.to_arrow().schema, compression="zstd")
    )

    def write(rows: pl.DataFrame) -> None:
        writer.write_table(rows.to_arrow())

    return write


def _open_csv(path: Path, first_rows: pl.DataFrame, exit_stack: ExitStack) -> RowWriter:
    file = exit_stack.enter_context(path.open("wb"))
    first_rows.clear().write_csv(file)

    def write(rows: pl.DataFrame) -> None:
        rows.write_csv(file, include_header=False)

    return write
