"""Raw tables grouped into dossiers, and a Parquet file of dossiers read back in batches.

Tables ──► one row a client ──► batches of Dossiers ──► features
           histories as lists └─► JSON documents ─────► client store
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from credit.dossier import ALL_COLUMNS, Dossiers, Integers
from credit.errors import Fault, InvalidTables
from credit.schema import APPLICATION, BUREAU, BUREAU_BALANCE, HISTORIES, TABLES, Kind, Table
from stores.atomic_files import whole
from stores.cli import Steps
from stores.dossiers.arrow import CLIENT, arrow_columns, dossiers_of, list_of
from stores.raw_tables.tables import Tables

LABEL = "TARGET"
BATCH = 4_096
"""Dossiers a batch: large enough to amortise a call, small enough to stay in cache."""
CLIENTS_AT_ONCE = 12 * BATCH
"""Clients grouped in one go: about two gigabytes of the public data. In whole batches, so that
files written slice by slice and batch by batch are cut alike."""

RowsOf = Callable[[pl.Expr], pl.LazyFrame]
"""From a condition on the client's id to the rows of dossiers that meet it."""


@dataclass(frozen=True)
class Grouping:
    """What grouping did."""

    clients: int
    absent: tuple[str, ...]
    """Histories without a file: unknown of everyone."""
    dropped: Mapping[str, int]
    """History rows left out because their client, or bureau credit, is not among the dossiers."""

    @classmethod
    def counted(cls, tables: Tables) -> Self:
        """What grouping some tables does, without doing it.

        Raises:
            InvalidTables: there is nobody.
        """
        ids = clients(tables)
        everyone, owned = ids.to_frame().lazy(), _owned(tables)
        kept = {
            name: _height(rows.select(CLIENT).join(everyone, on=CLIENT, how="semi"))
            for name, rows in owned.items()
        }
        return cls(len(ids), tables.absent, _dropped(tables, kept))

    def tell(self, steps: Steps) -> None:
        """Say in one line what is absent and what was left out; nothing when all is there."""
        dropped = [f"{rows:,} of {name}" for name, rows in self.dropped.items() if rows]
        gaps = {
            "absent, so unknown of everyone": self.absent,
            "rows of other clients left out": dropped,
        }
        if line := "; ".join(f"{gap}: {', '.join(what)}" for gap, what in gaps.items() if what):
            steps.say(line)


def group(tables: Tables, out: Path) -> Grouping:
    """Write one row a client, by client id, with every history table as lists, one a column.

    Clients are grouped a slice at a time, which bounds the memory whatever their number.

    Raises:
        InvalidTables: there is nobody.
    """
    return write_dossiers(tables, partial(_grouped, tables.application, _owned(tables)), out)


def write_dossiers(tables: Tables, rows_of: RowsOf, out: Path) -> Grouping:
    """Write what some engine grouped, a slice of clients at a time, by client id.

    Raises:
        InvalidTables: there is nobody.
    """
    kept: Counter[str] = Counter()
    ids = clients(tables)
    with whole(out) as part, ExitStack() as closing:
        writer: pq.ParquetWriter | None = None
        for frame in slices(ids, rows_of):
            for name in tables.histories:
                if (first := list_of(name, _held(name)[0])) in frame.columns:
                    kept[name] += int(frame[first].list.len().sum())
            table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                opened = pq.ParquetWriter(part, table.schema, compression="zstd")
                writer = closing.enter_context(opened)
            writer.write_table(table, row_group_size=BATCH)
    return Grouping(len(ids), tables.absent, _dropped(tables, kept))


def clients(tables: Tables) -> pl.Series:
    """Everybody's id, in order.

    Raises:
        InvalidTables: there is nobody.
    """
    ids = tables.application.select(CLIENT).collect(engine="streaming")[CLIENT].sort()
    if ids.is_empty():
        raise InvalidTables([Fault(str(tables.folder), "no applications", "at least one row")])
    return ids


def slices(ids: pl.Series, rows_of: RowsOf) -> Iterator[pl.DataFrame]:
    """The rows of some clients at a time, in the order of their sorted ids."""
    for start in range(0, len(ids), CLIENTS_AT_ONCE):
        few = ids[start : start + CLIENTS_AT_ONCE]
        chosen = pl.col(CLIENT).is_between(few[0], few[-1])
        yield rows_of(chosen).collect(engine="streaming").sort(CLIENT)


def _dropped(tables: Tables, kept: Mapping[str, int]) -> dict[str, int]:
    return {name: _height(rows) - kept.get(name, 0) for name, rows in tables.histories.items()}


def _height(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _owned(tables: Tables) -> dict[str, pl.LazyFrame]:
    """The histories with a client in every row; months of unknown bureau credits drop out."""
    owned = dict(tables.histories)
    if BUREAU_BALANCE.name in owned:
        months = owned.pop(BUREAU_BALANCE.name)
        if BUREAU.name in owned:
            owner = owned[BUREAU.name].select(CLIENT, "SK_ID_BUREAU")
            owned[BUREAU_BALANCE.name] = months.join(owner, on="SK_ID_BUREAU")
    return owned


def _grouped(
    application: pl.LazyFrame, owned: Mapping[str, pl.LazyFrame], chosen: pl.Expr
) -> pl.LazyFrame:
    frame = application.filter(chosen)
    for name, history in owned.items():
        columns = (pl.col(column).alias(list_of(name, column)) for column in _held(name))
        lists = history.filter(chosen).group_by(CLIENT).agg(*columns)
        frame = frame.join(lists, on=CLIENT, how="left")
    return frame


def _held(table: str) -> list[str]:
    return [column for column in TABLES[table].columns if column != CLIENT]


class DossierFile:
    """A Parquet file that `group` wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = pq.ParquetFile(path)
        self._names = set(self._file.schema_arrow.names)

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @property
    def absent(self) -> tuple[str, ...]:
        """Histories unknown of everyone."""
        return tuple(name for name in HISTORIES if not self._holds(name))

    @property
    def ids(self) -> Integers:
        return self._file.read([CLIENT])[CLIENT].to_numpy()

    @property
    def labels(self) -> NDArray[np.int8]:
        """TARGET: 1 for payment difficulties."""
        return self._file.read([LABEL])[LABEL].to_numpy().astype(np.int8)

    def column(self, name: str) -> list[str | None]:
        """One column of the application as it stands, for audits."""
        values: list[str | None] = self._file.read([name])[name].to_pylist()
        return values

    def batches(
        self, columns: Mapping[str, Sequence[str]] = ALL_COLUMNS, size: int = BATCH
    ) -> Iterator[Dossiers]:
        """All dossiers in the file's order, `size` at a time, with only these columns."""
        present = [name for name in HISTORIES if name not in self.absent]
        wanted = arrow_columns(columns, present)
        for batch in self._file.iter_batches(batch_size=size, columns=wanted):
            yield dossiers_of(batch, columns)

    def documents(self) -> Iterator[tuple[int, str]]:
        """Every client's id and dossier as JSON text, as a request would write it."""
        for batch in self._file.iter_batches(batch_size=BATCH):
            frame = pl.DataFrame(batch)
            parts = frame.select(CLIENT, _object(APPLICATION).alias(APPLICATION.name))
            for name in HISTORIES:
                if self._holds(name):
                    parts = parts.join(_arrays(frame, name), on=CLIENT, how="left")
            for client, form, *histories in parts.iter_rows():
                told = zip(parts.columns[2:], histories, strict=True)
                lists = "".join(f',"{name}":[{rows or ""}]' for name, rows in told)
                yield client, f'{{"application":{form}{lists}}}'

    def _holds(self, history: str) -> bool:
        return f"{history}.{_held(history)[0]}" in self._names


def _object(table: Table, prefix: str = "") -> pl.Expr:
    """Each row as a JSON object, whole numbers written without a point."""
    fields = (
        pl.col(f"{prefix}{name}").cast(pl.Int64 if column.whole else pl.Float64).alias(name)
        if column.numeric and column.kind is not Kind.YES_NO
        else pl.col(f"{prefix}{name}").alias(name)
        for name, column in table.columns.items()
        if not (prefix and name == CLIENT)
    )
    return pl.struct(*fields).struct.json_encode()


def _arrays(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows of a history as JSON objects with commas between, by client."""
    lists = [f"{name}.{column}" for column in _held(name)]
    rows = frame.select(CLIENT, *lists).explode(lists, empty_as_null=False, keep_nulls=False)
    objects = rows.select(CLIENT, _object(TABLES[name], f"{name}.").alias(name))
    return objects.group_by(CLIENT, maintain_order=True).agg(pl.col(name).str.join(","))
