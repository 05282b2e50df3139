"""Score tables on one machine: group them into dossiers, then score and write batch by batch.

tables ──► dossiers ──► decisions ──► Parquet
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from batch.scoring import build_output_schema, score_batch
from credit.dossier import DossierBatch, Integers
from credit.errors import Fault, InvalidTables
from credit.features import COLUMNS
from credit.policy import Policy
from credit.scorer import Scorer
from stores.atomic_files import atomic_write, temporary_dossiers
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DOSSIERS_PER_BATCH, DossierFile
from stores.progress import ProgressCallback, ProgressReporter
from stores.raw_tables.tables import Tables
from stores.settings import Settings


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
    """Score every client of some tables into a Parquet file, sorted by client id.

    Returns:
        The number of clients scored.

    Raises:
        InvalidTables: there are no applications.
    """
    with temporary_dossiers(settings.cache_folder, "batch") as dossier_path:
        with progress.step("grouping into dossiers"):
            grouping = group_into_dossiers(tables, dossier_path)
        grouping.log_summary(progress)
        file = DossierFile(dossier_path)
        with progress.step(f"scoring with {scorer.version}", len(file)) as advance:
            return score_file(
                file,
                out,
                scorer=scorer,
                policy=policy,
                with_contributions=with_contributions,
                advance=advance,
            )


def score_file(
    file: DossierFile,
    out: Path,
    *,
    scorer: Scorer,
    policy: Policy,
    with_contributions: bool,
    advance: ProgressCallback,
) -> int:
    """Score every dossier of a file into a Parquet file, which is written atomically.

    Args:
        file: The dossiers.
        out: The Parquet file to write.
        scorer: The model.
        policy: The policy in force.
        with_contributions: Add the base and the contribution of every feature, in log-odds.
        advance: Called with the number of clients scored since the last call.

    Returns:
        The number of clients scored.

    Raises:
        InvalidTables: there are no applications.
    """
    if not len(file):
        raise InvalidTables([Fault(file.path.name, "no applications", "at least one row")])
    schema = build_output_schema(with_contributions=with_contributions)
    with (
        atomic_write(out) as temp_path,
        pq.ParquetWriter(temp_path, schema, compression="zstd") as writer,
    ):
        for ids, dossiers in _iter_batches(file):
            writer.write_batch(
                score_batch(
                    ids,
                    dossiers,
                    scorer=scorer,
                    policy=policy,
                    with_contributions=with_contributions,
                )
            )
            advance(len(ids))
    return len(file)


def _iter_batches(file: DossierFile) -> Iterator[tuple[Integers, DossierBatch]]:
    client_ids = file.client_ids
    for batch_index, dossiers in enumerate(file.iter_batches(COLUMNS)):
        yield client_ids[batch_index * DOSSIERS_PER_BATCH :][: len(dossiers)], dossiers
