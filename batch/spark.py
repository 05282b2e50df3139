"""Score tables with Spark: it groups them into dossiers, and its executors score these.

checked files ──► dossiers by client ──► mapInArrow(kernel, scorer) ──► parts ──► Parquet
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from batch.scoring import build_output_schema, score_arrow_batches
from credit.features import COLUMNS
from credit.policy import Policy
from credit.schema import APPLICATION
from credit.scorer import Scorer
from stores.atomic_files import atomic_write
from stores.dossiers.arrow import CLIENT_ID_COLUMN
from stores.dossiers.grouping import GroupingSummary, iter_client_slices, read_client_ids
from stores.dossiers.parquet import DOSSIERS_PER_BATCH
from stores.dossiers.spark import build_dossier_frame, materialise_frame
from stores.dossiers.spark_session import open_spark_session
from stores.progress import ProgressCallback, ProgressReporter
from stores.raw_tables.tables import Tables
from stores.settings import Settings

if TYPE_CHECKING:  # an optional dependency
    from pyspark.sql import SparkSession

DOSSIER_COLUMNS = {**COLUMNS, APPLICATION.name: (CLIENT_ID_COLUMN, *COLUMNS[APPLICATION.name])}


def score_tables(
    settings: Settings,
    tables: Tables,
    out: Path,
    *,
    scorer: Scorer,
    policy: Policy,
    with_contributions: bool,
    progress: ProgressReporter,
) -> int:
    """Score every client of some tables; write the same bytes as `batch.local.score_tables`.

    Returns:
        The number of clients scored.

    Raises:
        InvalidTables: there are no applications.
        SparkUnavailable: Java or PySpark is absent.
    """
    with open_spark_session(settings) as session:
        with progress.step("counting rows of unknown clients"):
            grouping = GroupingSummary.from_tables(tables)
        grouping.log_summary(progress)
        with progress.step(f"Spark: {scorer.version}", 100) as advance:
            return score_in_session(
                session, tables, out, scorer=scorer, policy=policy,
                with_contributions=with_contributions, advance=advance,
            )  # fmt: skip


def score_in_session(
    session: SparkSession,
    tables: Tables,
    out: Path,
    *,
    scorer: Scorer,
    policy: Policy,
    with_contributions: bool,
    advance: ProgressCallback,
) -> int:
    """Score every client of some tables in an open session.

    Args:
        session: The session that scores.
        tables: The checked tables.
        out: The Parquet file to write.
        scorer: The model.
        policy: The policy in force.
        with_contributions: Add the base and the contribution of every feature, in log-odds.
        advance: Called with percentage points; they add up to 100 at the end.

    Returns:
        The number of clients scored.

    Raises:
        InvalidTables: there are no applications.
    """
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 -- optional

    ids = read_client_ids(tables)
    schema = build_output_schema(with_contributions=with_contributions)
    model = session.sparkContext.broadcast((scorer.model_text, scorer.metadata, scorer.version))
    score_partition = partial(
        score_arrow_batches, model=model, policy=policy, with_contributions=with_contributions
    )
    rows = build_dossier_frame(session, tables, len(ids), DOSSIER_COLUMNS)
    scored_frame = rows.mapInArrow(score_partition, from_arrow_schema(schema))
    with (
        materialise_frame(session, scored_frame, out, advance) as select_rows,
        atomic_write(out) as temp_path,
        pq.ParquetWriter(temp_path, schema, compression="zstd") as writer,
    ):
        for frame in iter_client_slices(ids, select_rows):
            writer.write_table(_cast_to_schema(frame, schema), row_group_size=DOSSIERS_PER_BATCH)
    return len(ids)


def _cast_to_schema(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
