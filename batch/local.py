"""One machine: tables grouped into dossiers, scored batch by batch, written as they are scored.

tables ──► dossiers ──► answers ──► Parquet
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from batch.scoring import answer_schema, scored
from credit.dossier import Dossiers, Integers
from credit.errors import Fault, InvalidTables
from credit.features import COLUMNS
from credit.policy import Policy
from credit.scorer import Scorer
from stores.atomic_files import passing, whole
from stores.cli import Advance, Steps
from stores.dossiers.parquet import BATCH, DossierFile, group
from stores.raw_tables.tables import Tables
from stores.settings import Settings


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
    """Score every client of some tables into a Parquet file, by client id.

    Returns:
        How many were scored.

    Raises:
        InvalidTables: there is nobody to score.
    """
    with passing(where.cache, "batch") as dossiers:
        with steps.step("grouping into dossiers"):
            grouping = group(tables, dossiers)
        grouping.tell(steps)
        file = DossierFile(dossiers)
        with steps.step(f"scoring with {scorer.version}", len(file)) as advance:
            return score_file(
                file, out, scorer=scorer, policy=policy, explained=explained, advance=advance
            )


def score_file(
    file: DossierFile,
    out: Path,
    *,
    scorer: Scorer,
    policy: Policy,
    explained: bool,
    advance: Advance,
) -> int:
    """Score every dossier of a file into a Parquet file, which appears when it is whole.

    The columns are those of the service's decision; with `explained`, the base and every
    feature's contribution in log-odds too.

    Returns:
        How many were scored.

    Raises:
        InvalidTables: there is nobody to score.
    """
    if not len(file):
        raise InvalidTables([Fault(file.path.name, "no applications", "at least one row")])
    schema = answer_schema(explained=explained)
    with whole(out) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        for ids, dossiers in _batches(file):
            writer.write_batch(
                scored(ids, dossiers, scorer=scorer, policy=policy, explained=explained)
            )
            advance(len(ids))
    return len(file)


def _batches(file: DossierFile) -> Iterator[tuple[Integers, Dossiers]]:
    ids = file.ids
    for number, dossiers in enumerate(file.batches(COLUMNS)):
        yield ids[number * BATCH :][: len(dossiers)], dossiers
