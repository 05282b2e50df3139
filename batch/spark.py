"""Many machines: Spark groups the tables into dossiers, and its executors score them.

checked files ──► dossiers, cut by client ──► mapInArrow(kernel, scorer) ──► parts ──► Parquet
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from batch.scoring import answer_schema, answers
from credit.features import COLUMNS
from credit.policy import Policy
from credit.schema import APPLICATION
from credit.scorer import Scorer
from stores.atomic_files import whole
from stores.cli import Advance, Steps
from stores.dossiers.arrow import CLIENT
from stores.dossiers.parquet import BATCH, Grouping, clients, slices
from stores.dossiers.spark import dossiers, spark, written
from stores.raw_tables.tables import Tables
from stores.settings import Settings

if TYPE_CHECKING:  # an optional dependency
    from pyspark.sql import SparkSession

WANTED = {**COLUMNS, APPLICATION.name: (CLIENT, *COLUMNS[APPLICATION.name])}


def score_tables(
    where: Settings,
    tables: Tables,
    out: Path,
    *,
    scorer: Scorer,
    policy: Policy,
    explained: bool,
    steps: Steps,
) -> int:
    """Write the very bytes that `batch.local.score_tables` writes.

    Returns:
        How many were scored.

    Raises:
        InvalidTables: there is nobody to score.
        NoSpark: Java or PySpark is absent.
    """
    with spark(where) as session:
        with steps.step("counting rows of other clients"):
            grouping = Grouping.counted(tables)
        grouping.tell(steps)
        with steps.step(f"Spark: {scorer.version}", 100) as advance:
            return score_with(
                session, tables, out, scorer=scorer, policy=policy, explained=explained,
                advance=advance,
            )  # fmt: skip


def score_with(
    session: SparkSession,
    tables: Tables,
    out: Path,
    *,
    scorer: Scorer,
    policy: Policy,
    explained: bool,
    advance: Advance,
) -> int:
    """The same, in a session that is there already.

    Args:
        advance: Told in hundredths of the work.
    """
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 -- optional

    ids = clients(tables)
    schema = answer_schema(explained=explained)
    model = session.sparkContext.broadcast((scorer.trees, scorer.facts, scorer.version))
    answer = partial(answers, model=model, policy=policy, explained=explained)
    rows = dossiers(session, tables, len(ids), WANTED)
    told = rows.mapInArrow(answer, from_arrow_schema(schema))
    with (
        written(session, told, out, advance) as rows_of,
        whole(out) as part,
        pq.ParquetWriter(part, schema, compression="zstd") as writer,
    ):
        for frame in slices(ids, rows_of):
            writer.write_table(_as_declared(frame, schema), row_group_size=BATCH)
    return len(ids)


def _as_declared(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
