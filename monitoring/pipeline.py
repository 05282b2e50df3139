"""The whole way: two sides ──► comparison ──► findings ──► findings.json, report.html."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from credit.errors import CreditError
from monitoring.comparison import Drift, compare
from monitoring.findings import Finding, findings
from monitoring.outputs import FINDINGS, REPORT, refuse_place, whole_folder, write_findings
from monitoring.sources import of_folder, of_ledger, of_training
from stores.cli import Steps
from stores.models.bento_store import champion_tag, find, load
from stores.raw_tables.lender_mapping import APPLICATIONS, LenderFiles
from stores.settings import Settings

TRAIN, LEDGER = "train", "ledger"
LABELLED, NEW = APPLICATIONS


class WrongOption(CreditError):
    """An option holds what it cannot."""

    code = "wrong-option"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to compare with what."""

    reference: Path | None
    """A folder of tables; None for the champion's training clients."""
    current: Path | None
    """A folder of tables; None for the ledger."""
    since: datetime | None
    lender: LenderFiles | None = None
    """Names, words and units of the files of both folders."""

    @classmethod
    def of(
        cls, reference: str, current: str, since: str | None, lender: Path | None = None
    ) -> Wanted:
        """What the options say; a folder named `train` is written `./train`.

        >>> Wanted.of("train", "ledger", "2026-03-01").since == datetime(2026, 3, 1, tzinfo=UTC)
        True

        Raises:
            WrongOption: a folder or a date is not one, or an option is not about what is asked.
            InvalidTables: the mapping of the lender's files is none.
        """
        if since is not None and current != LEDGER:
            raise WrongOption(
                f"--since is about decisions: add --current {LEDGER}, or leave it out"
            )
        if lender and (reference, current) == (TRAIN, LEDGER):
            raise WrongOption("--lender is about folders of tables: name one, or leave it out")
        return cls(
            reference=None if reference == TRAIN else _folder("reference", reference, TRAIN),
            current=None if current == LEDGER else _folder("current", current, LEDGER),
            since=None if since is None else _moment(since),
            lender=LenderFiles.read(lender) if lender else None,
        )


def run(where: Settings, wanted: Wanted, out: Path, steps: Steps) -> tuple[Drift, list[Finding]]:
    """Compare, and write both files into `out`.

    Raises:
        CreditError: no champion, nothing to compare, invalid tables, or no place to write.
    """
    refuse_place(out)
    scorer = load(find(champion_tag(where)))
    current = (
        of_folder(wanted.current, NEW, where, scorer, steps, lender=wanted.lender)
        if wanted.current
        else of_ledger(where, wanted.since, scorer, steps)
    )
    reference = (
        of_folder(wanted.reference, LABELLED, where, scorer, steps, lender=wanted.lender)
        if wanted.reference
        else of_training(where, scorer, steps)
    )
    with steps.step("comparing every column"):
        drift = compare(reference, current)
        found = findings(drift)
    with steps.step("writing the report"):
        # Imported now: Evidently takes seconds, and an error should not wait for it.
        from monitoring.evidently_report import write_report  # noqa: PLC0415

        with whole_folder(out) as part:
            write_report(drift, found, part / REPORT)
            write_findings(drift, found, part / FINDINGS)
    return drift, found


def _folder(option: str, text: str, word: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise WrongOption(
            f"--{option} {text}: not a folder; give a folder with application_"
            f"{'train' if word == TRAIN else 'test'}.parquet or .csv, or `{word}`"
        )
    return path


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongOption(f"--since {text}: not a date; write it as 2026-03-31") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
