"""Where the two sides of a comparison come from.

train    the champion's training dossiers, kept under CREDIT_HOME
DIR      a folder of raw tables: application_train as reference, application_test as current
ledger   the applications that were decided on, with the risk that was told
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
"""Records of the ledger held in memory together: each is a whole dossier."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any decision."""


class NothingToCompare(CreditError):
    """A side of the comparison is not there, or holds nobody."""

    code = "nothing-to-compare"


def load_training(settings: Settings, scorer: Scorer, steps: ProgressReporter) -> Sample:
    """The clients the champion was trained on, with all that was known of them.

    Their risk is what the champion says of clients it has seen: a little too sure. It does not
    pass for drift: unseen halves of two real samples scored a PSI of 0.003 (7,172 clients) and
    0.018 (1,792 clients, where chance reaches 0.04); risks told out of fold did worse.

    Raises:
        NothingToCompare: the dossiers are not kept any more.
    """
    path = settings.home / "dossiers" / str(scorer.metadata.data.get("dossiers"))
    if not path.is_file():
        raise NothingToCompare(
            f"the training dossiers of {scorer.version} are not at {path}: train again, "
            "or give the folder of their tables as --reference"
        )
    return _load_file(DossierFile(path), f"training clients of {scorer.version}", scorer, steps)


def load_folder(
    folder: Path,
    table: str,
    settings: Settings,
    scorer: Scorer,
    steps: ProgressReporter,
    *,
    lender: LenderMapping | None = None,
) -> Sample:
    """The clients of a folder of raw tables.

    Args:
        table: Kaggle's name of the file of applications, without its ending.
        lender: Names, words and units of a lender's own files.

    Raises:
        NothingToCompare: it has no clients.
        InvalidTables: its tables break the schema.
    """
    source = f"{table} of {folder.resolve().name}"
    with temporary_dossiers(settings.cache_folder, f"drift-{table}") as path:
        with steps.step(f"checking and grouping {source}"):
            tables = read_tables(
                folder, application=table, lender=lender, cache=settings.cache_folder
            )
            grouping = group_into_dossiers(tables, path)
        grouping.log_summary(steps)
        return _load_file(DossierFile(path), source, scorer, steps)


def _load_file(file: DossierFile, source: str, scorer: Scorer, steps: ProgressReporter) -> Sample:
    if not len(file):
        raise NothingToCompare(f"there are no clients in {source}")
    with steps.step(f"features and risk: {source}", len(file)) as advance:
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
    settings: Settings, since: datetime | None, scorer: Scorer, steps: ProgressReporter
) -> Sample:
    """The applications decided on since then, each client's last, with the risk that was told.

    An adviser who tries variants must not count as many clients. Features are built anew, so that
    both sides are seen by the same code.

    Raises:
        NothingToCompare: nothing was decided since, or the ledger cannot be read.
    """
    try:
        return _load_decisions(Ledger(settings.database_url), since, scorer, steps)
    except (SQLAlchemyError, ImportError) as error:
        # An SQL error may repeat the URL, password and all; a missing driver names itself.
        reason = error if isinstance(error, ImportError) else type(error).__name__
        raise NothingToCompare(
            f"the ledger cannot be read, see CREDIT_LEDGER_URL: {reason}"
        ) from error


def _load_decisions(
    ledger: Ledger, since: datetime | None, scorer: Scorer, steps: ProgressReporter
) -> Sample:
    period = (since or EPOCH, datetime.now(UTC))
    since_text = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
    with steps.step(f"looking through the decisions{since_text}"):
        last_indices, decision_count = _find_last_records(ledger.iter_between(*period))
    if not last_indices:
        raise NothingToCompare(
            f"the ledger holds no decision{since_text}: serve some requests"
            + (", or give an earlier --since" if since else "")
        )
    sampled_indices = {last_indices[row] for row in draw_sample_rows(len(last_indices)).tolist()}
    model_counts: Counter[str] = Counter()
    with steps.step("features of the decided applications", len(sampled_indices)) as advance:
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
    """The places of each client's last record, ascending, and how many records there are.

    Whoever gave no id is taken for a client of his own.
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
