"""Load the samples to compare.

train    the champion's training dossiers, stored under CREDIT_HOME
DIR      a folder of raw tables: application_train as reference, application_test as current
ledger   the applications in the decision ledger, with their recorded risk
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from credit.dossier import DossierBatch
from credit.errors import CreditError
from credit.scorer import Scorer
from monitoring.sample import (
    REQUIRED_COLUMNS,
    Sample,
    SampleChunk,
    build_chunk,
    combine_chunks,
    draw_sample_rows,
)
from stores.atomic_files import temporary_dossiers
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DOSSIERS_PER_BATCH, DossierFile
from stores.ledger.store import Ledger, LedgerRecord
from stores.progress import ProgressCallback, ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import read_tables
from stores.settings import Settings

RECORDS_PER_BATCH = 512
"""Ledger records held in memory at once; each has a whole dossier."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Earlier than any decision."""


class NothingToCompare(CreditError):
    """A sample is missing or has no clients."""

    code = "nothing-to-compare"


def load_training(settings: Settings, scorer: Scorer, progress: ProgressReporter) -> Sample:
    """Load the champion's training clients with their full dossiers.

    The champion scores its own training clients, so their risks are slightly overconfident. That
    does not show as drift: held-out halves of two real samples gave a PSI of 0.003 (7,172 clients)
    and 0.018 (1,792 clients, where chance reaches 0.04). Out-of-fold risks gave worse results.

    Raises:
        NothingToCompare: The training dossiers are no longer stored.
    """
    path = settings.home / "dossiers" / str(scorer.metadata.data.get("dossiers"))
    if not path.is_file():
        raise NothingToCompare(
            f"the training dossiers of {scorer.version} are missing at {path}: train again, "
            "or give the folder of their tables as --reference"
        )
    return _load_file(DossierFile(path), f"training clients of {scorer.version}", scorer, progress)


def load_folder(
    folder: Path,
    table: str,
    settings: Settings,
    scorer: Scorer,
    progress: ProgressReporter,
    *,
    lender: LenderMapping | None = None,
) -> Sample:
    """Load the clients in a folder of raw tables.

    Args:
        folder: Folder of the tables.
        table: Kaggle's name of the file of applications, without its extension.
        settings: Settings with the cache folder.
        scorer: Model that scores the clients.
        progress: Reporter of the steps.
        lender: Names, words and units of a lender's own files.

    Raises:
        NothingToCompare: The tables have no clients.
        InvalidTables: The tables violate the schema.
    """
    source = f"{table} of {folder.resolve().name}"
    with temporary_dossiers(settings.cache_folder, f"drift-{table}") as path:
        with progress.step(f"checking and grouping {source}"):
            tables = read_tables(
                folder, application=table, lender=lender, cache=settings.cache_folder
            )
            grouping = group_into_dossiers(tables, path)
        grouping.log_summary(progress)
        return _load_file(DossierFile(path), source, scorer, progress)


def _load_file(
    file: DossierFile, source: str, scorer: Scorer, progress: ProgressReporter
) -> Sample:
    if not len(file):
        raise NothingToCompare(f"there are no clients in {source}")
    with progress.step(f"features and risk: {source}", len(file)) as advance:
        chunks = list(_load_chunks(file, scorer, advance))
    return combine_chunks(chunks, scorer, source=source, total=len(file))


def _load_chunks(
    file: DossierFile, scorer: Scorer, advance: ProgressCallback
) -> Iterator[SampleChunk]:
    rows = draw_sample_rows(len(file))
    for batch_index, dossiers in enumerate(file.iter_batches(REQUIRED_COLUMNS)):
        low, high = np.searchsorted(
            rows, [batch_index * DOSSIERS_PER_BATCH, (batch_index + 1) * DOSSIERS_PER_BATCH]
        )
        if low < high:
            yield build_chunk(
                dossiers, scorer, rows=rows[low:high] - batch_index * DOSSIERS_PER_BATCH
            )
        advance(len(dossiers))


def load_ledger(
    settings: Settings, since: datetime | None, scorer: Scorer, progress: ProgressReporter
) -> Sample:
    """Load each client's last decided application since a date, with its recorded risk.

    Only the last one counts, so that an adviser who tries variants does not add clients. Features
    are computed again, so that both samples come from the same code.

    Args:
        settings: Settings with the URL of the ledger.
        since: Earliest decision; None for all.
        scorer: Model that encodes the features.
        progress: Reporter of the steps.

    Raises:
        NothingToCompare: The ledger has no such decision, or is not readable.
    """
    try:
        return _load_decisions(Ledger(settings.database_url), since, scorer, progress)
    except (SQLAlchemyError, ImportError) as error:
        # The text of an SQL error may contain the URL with its password.
        reason = error if isinstance(error, ImportError) else type(error).__name__
        raise NothingToCompare(
            f"the ledger cannot be read, see CREDIT_LEDGER_URL: {reason}"
        ) from error


def _load_decisions(
    ledger: Ledger, since: datetime | None, scorer: Scorer, progress: ProgressReporter
) -> Sample:
    period = (since or EPOCH, datetime.now(UTC))
    since_text = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
    with progress.step(f"reading the decisions{since_text}"):
        last_indices, decision_count = _find_last_records(ledger.iter_between(*period))
    if not last_indices:
        raise NothingToCompare(
            f"the ledger has no decision{since_text}: serve some requests"
            + (", or give an earlier --since" if since else "")
        )
    sampled_indices = {last_indices[row] for row in draw_sample_rows(len(last_indices)).tolist()}
    model_counts: Counter[str] = Counter()
    with progress.step("features of the decided applications", len(sampled_indices)) as advance:
        sampled_records = (
            record
            for index, record in enumerate(ledger.iter_between(*period))
            if index in sampled_indices
        )
        chunks = [
            _build_record_chunk(records, scorer, model_counts, advance)
            for records in _batch_records(sampled_records)
        ]
    source = f"{decision_count:,} decisions{since_text}"
    return combine_chunks(
        chunks, scorer, source=source, total=len(last_indices), model_counts=model_counts
    )


def _find_last_records(records: Iterator[LedgerRecord]) -> tuple[list[int], int]:
    """Find each client's last record.

    Records without a client id count as clients of their own.

    Returns:
        The indices of the last records, ascending, and the total number of records.
    """
    last_index: dict[int | str | None, int] = {}
    index = -1
    for index, record in enumerate(records):
        decision = record.decision
        last_index[decision.decision_id if decision.client_id is None else decision.client_id] = (
            index
        )
    return sorted(last_index.values()), index + 1


def _build_record_chunk(
    records: list[LedgerRecord],
    scorer: Scorer,
    model_counts: Counter[str],
    advance: ProgressCallback,
) -> SampleChunk:
    model_counts.update(record.decision.model_version for record in records)
    dossiers = DossierBatch.from_documents(
        [record.document for record in records], REQUIRED_COLUMNS
    )
    risk = np.array([record.decision.risk for record in records])
    advance(len(records))
    return build_chunk(dossiers, scorer, risk=risk)


def _batch_records(records: Iterator[LedgerRecord]) -> Iterator[list[LedgerRecord]]:
    batch: list[LedgerRecord] = []
    for record in records:
        batch.append(record)
        if len(batch) == RECORDS_PER_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
