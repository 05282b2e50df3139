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

from credit.dossier import Dossiers
from credit.errors import CreditError
from credit.scorer import Scorer
from monitoring.sample import NEEDED, Part, Side, drawn, part_of, side_of
from stores.atomic_files import passing
from stores.cli import Advance, Steps
from stores.dossiers.parquet import BATCH, DossierFile, group
from stores.ledger.store import Ledger, Record
from stores.raw_tables.lender_mapping import LenderFiles
from stores.raw_tables.tables import read_tables
from stores.settings import Settings

AT_ONCE = 512
"""Records of the ledger held in memory together: each is a whole dossier."""


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any decision."""


class NothingToCompare(CreditError):
    """A side of the comparison is not there, or holds nobody."""

    code = "nothing-to-compare"


def of_training(where: Settings, scorer: Scorer, steps: Steps) -> Side:
    """The clients the champion was trained on, with all that was known of them.

    Their risk is what the champion says of clients it has seen: a little too sure. It does not
    pass for drift: unseen halves of two real samples scored a PSI of 0.003 (7,172 clients) and
    0.018 (1,792 clients, where chance reaches 0.04); risks told out of fold did worse.

    Raises:
        NothingToCompare: the dossiers are not kept any more.
    """
    path = where.home / "dossiers" / str(scorer.facts.data.get("dossiers"))
    if not path.is_file():
        raise NothingToCompare(
            f"the training dossiers of {scorer.version} are not at {path}: train again, "
            "or give the folder of their tables as --reference"
        )
    return _of_file(DossierFile(path), f"training clients of {scorer.version}", scorer, steps)


def of_folder(
    folder: Path,
    table: str,
    where: Settings,
    scorer: Scorer,
    steps: Steps,
    *,
    lender: LenderFiles | None = None,
) -> Side:
    """The clients of a folder of raw tables.

    Args:
        table: Kaggle's name of the file of applications, without its ending.
        lender: Names, words and units of a lender's own files.

    Raises:
        NothingToCompare: it has no clients.
        InvalidTables: its tables break the schema.
    """
    source = f"{table} of {folder.resolve().name}"
    with passing(where.cache, f"drift-{table}") as path:
        with steps.step(f"checking and grouping {source}"):
            tables = read_tables(folder, application=table, lender=lender, cache=where.cache)
            grouping = group(tables, path)
        grouping.tell(steps)
        return _of_file(DossierFile(path), source, scorer, steps)


def _of_file(file: DossierFile, source: str, scorer: Scorer, steps: Steps) -> Side:
    if not len(file):
        raise NothingToCompare(f"there are no clients in {source}")
    with steps.step(f"features and risk: {source}", len(file)) as advance:
        parts = list(_parts(file, scorer, advance))
    return side_of(parts, scorer, source=source, total=len(file))


def _parts(file: DossierFile, scorer: Scorer, advance: Advance) -> Iterator[Part]:
    places = drawn(len(file))
    for number, dossiers in enumerate(file.batches(NEEDED)):
        low, high = np.searchsorted(places, [number * BATCH, (number + 1) * BATCH])
        if low < high:
            yield part_of(dossiers, scorer, rows=places[low:high] - number * BATCH)
        advance(len(dossiers))


def of_ledger(where: Settings, since: datetime | None, scorer: Scorer, steps: Steps) -> Side:
    """The applications decided on since then, each client's last, with the risk that was told.

    An adviser who tries variants must not count as many clients. Features are built anew, so that
    both sides are seen by the same code.

    Raises:
        NothingToCompare: nothing was decided since, or the ledger cannot be read.
    """
    try:
        return _decided(Ledger(where.ledger), since, scorer, steps)
    except (SQLAlchemyError, ImportError) as error:
        # An SQL error may repeat the URL, password and all; a missing driver names itself.
        why = error if isinstance(error, ImportError) else type(error).__name__
        raise NothingToCompare(
            f"the ledger cannot be read, see CREDIT_LEDGER_URL: {why}"
        ) from error


def _decided(ledger: Ledger, since: datetime | None, scorer: Scorer, steps: Steps) -> Side:
    period = (since or BEGINNING, datetime.now(UTC))
    after = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
    with steps.step(f"looking through the decisions{after}"):
        last, decisions = _last_of_each(ledger.between(*period))
    if not last:
        raise NothingToCompare(
            f"the ledger holds no decision{after}: serve some requests"
            + (", or give an earlier --since" if since else "")
        )
    chosen = {last[place] for place in drawn(len(last)).tolist()}
    models: Counter[str] = Counter()
    with steps.step("features of the decided applications", len(chosen)) as advance:
        wanted = (r for at, r in enumerate(ledger.between(*period)) if at in chosen)
        parts = [_recorded(records, scorer, models, advance) for records in _batched(wanted)]
    source = f"{decisions:,} decisions{after}"
    return side_of(parts, scorer, source=source, total=len(last), models=models)


def _last_of_each(records: Iterator[Record]) -> tuple[list[int], int]:
    """The places of each client's last record, ascending, and how many records there are.

    Whoever gave no id is taken for a client of his own.
    """
    last: dict[int | str | None, int] = {}
    at = -1
    for at, record in enumerate(records):
        said = record.decision
        last[said.decision_id if said.client_id is None else said.client_id] = at
    return sorted(last.values()), at + 1


def _recorded(
    records: list[Record], scorer: Scorer, models: Counter[str], advance: Advance
) -> Part:
    models.update(record.decision.model_version for record in records)
    dossiers = Dossiers.of([record.document for record in records], NEEDED)
    risk = np.array([record.decision.risk for record in records])
    advance(len(records))
    return part_of(dossiers, scorer, risk=risk)


def _batched(records: Iterator[Record]) -> Iterator[list[Record]]:
    held: list[Record] = []
    for record in records:
        held.append(record)
        if len(held) == AT_ONCE:
            yield held
            held = []
    if held:
        yield held
