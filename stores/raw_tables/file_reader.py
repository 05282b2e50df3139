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

from credit.errors import Fault, nearest
from credit.schema import Column, Kind, Table
from stores.atomic_files import whole
from stores.raw_tables.lender_mapping import MappedTable

ENDINGS = (".parquet", ".csv", ".csv.gz", ".csv.zip")
UNKNOWN_WORDS = ("", "NA", "NaN", "nan", "null")
"""What CSV files write for an unknown cell."""

MOST_SHOWN = 20
"""Faults listed of one column; the rest are counted."""

LONGEST_ROW = 1 << 16
"""Bytes at the end of a file that surely hold its last row."""

UNREADABLE = (pl.exceptions.PolarsError, OSError, EOFError, zipfile.BadZipFile, zlib.error)

TYPES = {
    Kind.ID: pl.Int64(),
    Kind.NUMBER: pl.Float64(),
    Kind.INTEGER: pl.Float64(),
    Kind.FLAG: pl.Float64(),
    Kind.YES_NO: pl.String(),
    Kind.CATEGORY: pl.String(),
}


def find(folder: Path, name: str) -> Path | None:
    """The file of a table, whatever its ending; Parquet first."""
    return next((p for e in ENDINGS if (p := folder / f"{name}{e}").is_file()), None)


class Reader:
    """Opens files and collects their faults."""

    def __init__(self, cache: Path) -> None:
        self.faults: list[Fault] = []
        self.files: dict[str, Path] = {}
        """Parquet with the rows of each table read: its own file, or a typed copy of another's."""
        self._cache = cache

    def read(
        self,
        table: Table,
        path: Path,
        mapped: MappedTable | None = None,
        extra: Sequence[Column] = (),
    ) -> pl.LazyFrame:
        """One table as a stream of checked rows: ids as Int64, numbers as Float64.

        With faults, which are then in `faults`, the stream must not be used.
        """
        columns = [*table.columns.values(), *extra]
        kept = self._kept(path, mapped, columns)
        copied = path.suffix != ".parquet" or mapped is not None
        self.files[table.name] = kept if copied else path
        if kept.exists():
            return pl.scan_parquet(kept)
        try:
            with _opened(path, self._cache) as raw:
                checked = self._checked(raw, table, path, mapped, columns)
                if self.faults or not copied:
                    return checked
                # What must be parsed or mapped is so once; whoever reads it again reads Parquet.
                with whole(kept) as part:
                    checked.sink_parquet(part, engine="streaming")
        except UNREADABLE as error:
            self.faults.append(Fault(path.name, str(error).splitlines()[0], "a readable table"))
            return pl.LazyFrame()
        return pl.scan_parquet(kept)

    def _checked(
        self,
        raw: pl.LazyFrame,
        table: Table,
        path: Path,
        mapped: MappedTable | None,
        columns: Sequence[Column],
    ) -> pl.LazyFrame:
        if mapped:
            raw = raw.select(mapped.expressions([column.name for column in columns]))
        types = raw.collect_schema()
        absent = [column for column in columns if column.name not in types]
        if missing := [
            c for c in absent if c.required or c.name in table.primary_key or not mapped
        ]:
            self.faults += [_missing(path, column, types.names()) for column in missing]
            return pl.LazyFrame()
        keys = table.primary_key
        cells = [Cells(c, types[c.name], c.name in keys) for c in columns if c.name in types]
        self.faults += [*_bad_cells(raw, cells, path), *_repeated(raw, cells, keys, path)]
        unknown = (pl.lit(None, dtype=TYPES[column.kind]).alias(column.name) for column in absent)
        return raw.select(*(cell.typed for cell in cells), *unknown)

    def _kept(self, path: Path, mapped: MappedTable | None, columns: Sequence[Column]) -> Path:
        """Where the checked rows of this very file, read this very way, are kept."""
        state = path.stat()
        read = f"{path.absolute()} {state.st_mtime_ns} {state.st_size} {mapped} {columns}"
        return self._cache / "tables" / f"{sha256(read.encode()).hexdigest()[:20]}.parquet"


@contextmanager
def _opened(path: Path, cache: Path) -> Iterator[pl.LazyFrame]:
    """The file's cells: typed from Parquet, as text from CSV, which is unpacked for the while."""
    if path.suffix == ".parquet":
        yield pl.scan_parquet(path)
    elif path.suffix == ".csv":
        yield _scan_csv(path)
    else:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, suffix=".csv") as plain:
            with _packed(path) as packed:
                shutil.copyfileobj(packed, plain, length=1 << 20)
            plain.flush()
            yield _scan_csv(Path(plain.name))


def _scan_csv(path: Path) -> pl.LazyFrame:
    """The cells as text.

    Raises:
        EOFError: the last row breaks off, as in a download cut short; Polars would fill it up.
    """
    with path.open("rb") as file:
        header = file.readline().decode(errors="replace")
        file.seek(max(path.stat().st_size - LONGEST_ROW, 0))
        *_, last = file.read().decode(errors="replace").rstrip("\n").rsplit("\n", 1)
    wanted, found = (len(next(csv.reader([line]), [])) for line in (header, last))
    if found < wanted:
        raise EOFError(f"the last row breaks off after {found} of {wanted} cells")
    return pl.scan_csv(path, infer_schema=False, null_values=list(UNKNOWN_WORDS))


class Cells:
    """A column of a file, on its way to the declared type."""

    def __init__(self, column: Column, found: pl.DataType, is_key: bool) -> None:  # noqa: FBT001 -- a fact of the table
        self.column = column
        self._required = column.required or is_key
        raw = pl.col(column.name)
        self.known = raw.is_not_null() & (raw.is_not_nan() if found.is_float() else True)
        if column.kind in {Kind.CATEGORY, Kind.YES_NO}:
            text = raw.cast(pl.String)
            self._value = pl.when(~text.is_in(UNKNOWN_WORDS)).then(text).otherwise(None)
            self.known &= ~text.is_in(UNKNOWN_WORDS)
        else:
            number = raw if found.is_numeric() else raw.cast(pl.String).str.strip_chars()
            self._value = number.cast(pl.Float64, strict=False).fill_nan(None)

    @property
    def typed(self) -> pl.Expr:
        return self._value.cast(TYPES[self.column.kind]).alias(self.column.name)

    @property
    def bad(self) -> pl.Expr:
        """Whether a cell is not what the schema declares."""
        column, value = self.column, self._value
        right = value.is_not_null()
        if column.kind is Kind.YES_NO:
            right = value.is_in(["Y", "N"])
        elif column.kind is not Kind.CATEGORY:
            right = value.is_between(column.low, column.high) | value.is_in(list(column.sentinels))
        if column.whole:
            right &= value % 1 == 0
        unknown = False if self._required else ~self.known
        return ~(right.fill_null(value=False) | unknown)


@contextmanager
def _packed(path: Path) -> Iterator[gzip.GzipFile | IO[bytes]]:
    if path.suffix == ".gz":
        with gzip.GzipFile(path, "rb") as packed:
            yield packed
    else:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            # Macs add attributes of every file in a folder of their own.
            inside = [n for n in names if n.endswith(".csv") and not n.startswith("__MACOSX/")]
            if len(inside) != 1:
                raise zipfile.BadZipFile(f"{len(inside)} CSV files in the archive, expected one")
            with archive.open(inside[0]) as member:
                yield member


def _missing(path: Path, column: Column, present: Sequence[str]) -> Fault:
    _, semicolon, hint = nearest(column.name, present).partition(";")
    expected = f"{column.expected()}{semicolon}{hint}"
    return Fault(f"{path.name}: {column.name}", "no such column", expected)


def _bad_cells(raw: pl.LazyFrame, cells: Sequence[Cells], path: Path) -> Iterator[Fault]:
    counts = raw.select(c.bad.sum().alias(c.column.name) for c in cells).collect(
        engine="streaming"
    )
    numbered = raw.with_row_index("row number", offset=1)
    for cell in cells:
        name = cell.column.name
        if count := counts[name].item():
            shown = numbered.filter(cell.bad).select("row number", name).head(MOST_SHOWN).collect()
            for row, found in shown.iter_rows():
                yield Fault(f"{path.name}: row {row}, {name}", found, cell.column.expected())
            if count > MOST_SHOWN:
                yield Fault(
                    f"{path.name}: {name}", f"{count:,} such cells", "none; the first are above"
                )


def _repeated(
    raw: pl.LazyFrame, cells: Sequence[Cells], key: Sequence[str], path: Path
) -> Iterator[Fault]:
    """Rows that share a primary key. Hashes are sorted, which costs 8 bytes a row."""
    if not key:
        return
    typed = raw.select(cell.typed for cell in cells if cell.column.name in key)
    hashes = pl.struct(key).hash()
    told = np.sort(typed.select(hashes).collect(engine="streaming").to_series().to_numpy())
    twice = np.unique(told[1:][told[1:] == told[:-1]])
    if not len(twice):
        return
    again = hashes.is_in(pl.Series(twice, dtype=pl.UInt64).implode())
    groups = (
        typed.with_row_index("row number", offset=1).filter(again).group_by(key).agg("row number")
    )
    repeated = groups.collect().filter(pl.col("row number").list.len() > 1).sort("row number")
    for *found, rows in repeated.head(MOST_SHOWN).iter_rows():
        where = f"{path.name}: rows {', '.join(map(str, rows[:5]))}, {' + '.join(key)}"
        yield Fault(where, found if len(found) > 1 else found[0], "a key that no other row has")
