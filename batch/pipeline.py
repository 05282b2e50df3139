"""Score a folder of raw tables with the champion, on the chosen engine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from batch import local, spark
from credit.policy import Policy, load_policy
from credit.scorer import Scorer
from stores.dossiers.engine import Engine
from stores.dossiers.spark_session import require_spark
from stores.models.bento_store import find_bento_model, get_champion_tag, load_scorer
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import Tables, read_tables
from stores.settings import Settings


class ScoreTables(Protocol):
    """Score every client of some tables into a Parquet file, and return their number."""

    def __call__(
        self,
        settings: Settings,
        tables: Tables,
        out: Path,
        *,
        scorer: Scorer,
        policy: Policy,
        with_contributions: bool,
        progress: ProgressReporter,
    ) -> int: ...


SCORE_TABLES_BY_ENGINE: dict[Engine, ScoreTables] = {
    Engine.LOCAL: local.score_tables,
    Engine.SPARK: spark.score_tables,
}


def score_folder(
    settings: Settings,
    data: Path,
    out: Path,
    *,
    table: str,
    engine: Engine,
    with_contributions: bool,
    lender_path: Path | None,
    progress: ProgressReporter,
) -> int:
    """Score every client of a folder of raw tables into a Parquet file.

    Args:
        settings: Where the champion is, and where Spark runs.
        data: Folder of raw tables.
        out: The Parquet file to write.
        table: Name, without extension, of the file of applications to score.
        engine: The engine that groups the tables.
        with_contributions: Add the contribution of every feature, in log-odds.
        lender_path: YAML that maps a lender's own names and units.
        progress: Reports the steps.

    Returns:
        The number of clients scored.

    Raises:
        SparkUnavailable: the engine is Spark, and Java or PySpark is absent.
        ChampionNotFound: no model is pinned and none was promoted.
        InvalidTables: the tables break the schema, or there are no applications.
    """
    if engine is Engine.SPARK:
        require_spark()
    scorer = load_scorer(find_bento_model(get_champion_tag(settings)))
    with progress.step(f"checking {table}"):
        lender = LenderMapping.from_yaml(lender_path) if lender_path else None
        tables = read_tables(data, application=table, lender=lender, cache=settings.cache_folder)
    return SCORE_TABLES_BY_ENGINE[engine](
        settings,
        tables,
        out,
        scorer=scorer,
        policy=load_policy(datetime.now(UTC).date()),
        with_contributions=with_contributions,
        progress=progress,
    )
