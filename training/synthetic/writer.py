"""Tables written block by block, and seen in their folder only when all are complete, marked."""

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
from stores.raw_tables.file_reader import ENDINGS
from training.synthetic.marker import MARK, write_mark

Write = Callable[[pl.DataFrame], None]


class TableFiles:
    """One file a table, `.csv` or `.parquet`, in a folder.

    Rows go to a hidden folder beside. Leaving the `with` moves the files into place, or, after an
    error, removes them and leaves what was there before.

    Raises:
        InvalidTables: on entering, when older files there would be read instead of the new ones.
    """

    def __init__(self, folder: Path, tables: Sequence[str], suffix: str) -> None:
        self._folder = folder.resolve()
        self._partial = self._folder.with_name(f".{self._folder.name}.partial")
        self._paths = {table: self._partial / f"{table}.{suffix}" for table in tables}
        self._begin = _parquet if suffix == "parquet" else _csv
        self._writers: dict[str, Write] = {}
        self._open = ExitStack()

    def append(self, table: str, rows: pl.DataFrame) -> None:
        """Add rows; all blocks of a table have the same columns and types."""
        if table not in self._writers:
            self._writers[table] = self._begin(self._paths[table], rows, self._open)
        self._writers[table](rows)

    def __enter__(self) -> Self:
        self._refuse_hidden()
        # What an earlier run left when it was killed.
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
        if kind is None:
            write_mark(self._partial, self._paths.values())
            self._move()
        shutil.rmtree(self._partial, ignore_errors=True)

    def _refuse_hidden(self) -> None:
        """Nothing is deleted that may be somebody's data."""
        faults = [
            Fault(str(older), "an older file", f"none: it would be read instead of {path.name}")
            for table, path in self._paths.items()
            for ending in ENDINGS[: ENDINGS.index(path.suffix)]
            if (older := self._folder / f"{table}{ending}").exists()
        ]
        if faults:
            raise InvalidTables(faults)

    def _move(self) -> None:
        if not self._folder.exists():
            self._partial.replace(self._folder)
            return
        for path in (self._partial / MARK, *self._paths.values()):
            path.replace(self._folder / path.name)


def _parquet(path: Path, first: pl.DataFrame, opened: ExitStack) -> Write:
    writer = opened.enter_context(
        pq.ParquetWriter(path, first.to_arrow().schema, compression="zstd")
    )

    def write(rows: pl.DataFrame) -> None:
        writer.write_table(rows.to_arrow())

    return write


def _csv(path: Path, first: pl.DataFrame, opened: ExitStack) -> Write:
    file = opened.enter_context(path.open("wb"))
    first.clear().write_csv(file)

    def write(rows: pl.DataFrame) -> None:
        rows.write_csv(file, include_header=False)

    return write
