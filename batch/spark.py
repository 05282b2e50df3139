"""Many machines: Spark groups the tables into dossiers, and its executors score them.

checked files ──► dossiers, cut by client ──► mapInArrow(kernel, scorer) ──► parts ──► Parquet
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from batch.scoring import answer_schema, scored
from credit.features import COLUMNS
from credit.policy import Policy
from credit.schema import APPLICATION
from credit.scorer import Facts, Scorer
from stores.arrow import CLIENT, dossiers_of, split
from stores.console import Advance, Steps
from stores.dossiers import clients, slices, whole
from stores.settings import Settings
from stores.spark import dossiers, spark, written
from stores.tables import Tables

if TYPE_CHECKING:  # an optional dependency
    from pyspark import Broadcast
    from pyspark.sql import SparkSession

WANTED = {**COLUMNS, APPLICATION.name: (CLIENT, *COLUMNS[APPLICATION.name])}

Model = tuple[str, Facts, str]
"""A scorer as it travels: trees, facts, version."""


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
    """Write the very file that `batch.local.score_tables` writes.

    Returns:
        How many were scored.

    Raises:
        InvalidTables: there is nobody to score.
        NoSpark: Java or PySpark is absent.
    """
    with spark(where) as session, steps.step(f"Spark: {scorer.version}", 100) as advance:
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
    answer = partial(_answers, model=model, policy=policy, explained=explained)
    answers = dossiers(session, tables, len(ids), WANTED).mapInArrow(
        answer, from_arrow_schema(schema)
    )
    with (
        written(session, answers, out, advance) as rows_of,
        whole(out) as part,
        pq.ParquetWriter(part, schema, compression="zstd") as writer,
    ):
        for frame in slices(ids, rows_of):
            writer.write_table(_as_declared(frame, schema))
    return len(ids)


def _as_declared(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)


def _answers(
    batches: Iterator[pa.RecordBatch],
    *,
    model: Broadcast[Model],
    policy: Policy,
    explained: bool,
) -> Iterator[pa.RecordBatch]:
    """Runs on the executors."""
    trees, facts, version = model.value
    scorer = Scorer(trees, facts, version=version)
    for batch in batches:
        ids = batch[CLIENT].to_numpy()
        some = dossiers_of(split(batch), COLUMNS)
        yield scored(ids, some, scorer=scorer, policy=policy, explained=explained)
