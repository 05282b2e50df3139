"""The whole way: two sides ──► comparison ──► findings ──► findings.json, report.html."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from credit.errors import CreditError
from monitoring.comparison import DriftResult, compare_samples
from monitoring.findings import Finding, collect_findings
from monitoring.outputs import (
    FINDINGS_FILE,
    REPORT_FILE,
    atomic_write_folder,
    check_output_folder,
    write_findings,
)
from monitoring.sources import load_folder, load_ledger, load_training
from stores.models.bento_store import find_bento_model, get_champion_tag, load_scorer
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import APPLICATION_FILE_NAMES, LenderMapping
from stores.settings import Settings

TRAIN_SOURCE, LEDGER_SOURCE = "train", "ledger"
REFERENCE_TABLE, CURRENT_TABLE = APPLICATION_FILE_NAMES


class InvalidOption(CreditError):
    """An option holds what it cannot."""

    code = "wrong-option"


@dataclass(frozen=True, kw_only=True)
class DriftRequest:
    """What to compare with what."""

    reference: Path | None
    """A folder of tables; None for the champion's training clients."""
    current: Path | None
    """A folder of tables; None for the ledger."""
    since: datetime | None
    lender: LenderMapping | None = None
    """Names, words and units of the files of both folders."""

    @classmethod
    def from_options(
        cls, reference: str, current: str, since: str | None, lender: Path | None = None
    ) -> DriftRequest:
        """What the options say; a folder named `train` is written `./train`.

        >>> Wanted.of("train", "ledger", "2026-03-01").since == datetime(2026, 3, 1, tzinfo=UTC)
        True

        Raises:
            WrongOption: a folder or a date is not one, or an option is not about what is asked.
            InvalidTables: the mapping of the lender's files is none.
        """
        if since is not None and current != LEDGER_SOURCE:
            raise InvalidOption(
                f"--since is about decisions: add --current {LEDGER_SOURCE}, or leave it out"
            )
        if lender and (reference, current) == (TRAIN_SOURCE, LEDGER_SOURCE):
            raise InvalidOption("--lender is about folders of tables: name one, or leave it out")
        return cls(
            reference=None
            if reference == TRAIN_SOURCE
            else _parse_folder("reference", reference, TRAIN_SOURCE),
            current=None
            if current == LEDGER_SOURCE
            else _parse_folder("current", current, LEDGER_SOURCE),
            since=None if since is None else _parse_timestamp(since),
            lender=LenderMapping.from_yaml(lender) if lender else None,
        )


def run_drift_analysis(
    settings: Settings, request: DriftRequest, out: Path, steps: ProgressReporter
) -> tuple[DriftResult, list[Finding]]:
    """Compare, and write both files into `out`.

    Raises:
        CreditError: no champion, nothing to compare, invalid tables, or no place to write.
    """
    check_output_folder(out)
    scorer = load_scorer(find_bento_model(get_champion_tag(settings)))
    current = (
        load_folder(request.current, CURRENT_TABLE, settings, scorer, steps, lender=request.lender)
        if request.current
        else load_ledger(settings, request.since, scorer, steps)
    )
    reference = (
        load_folder(
            request.reference, REFERENCE_TABLE, settings, scorer, steps, lender=request.lender
        )
        if request.reference
        else load_training(settings, scorer, steps)
    )
    with steps.step("comparing every column"):
        drift = compare_samples(reference, current)
        findings = collect_findings(drift)
    with steps.step("writing the report"):
        # Imported now: Evidently takes seconds, and an error should not wait for it.
        from monitoring.evidently_report import write_report  # noqa: PLC0415

        with atomic_write_folder(out) as staging:
            write_report(drift, findings, staging / REPORT_FILE)
            write_findings(drift, findings, staging / FINDINGS_FILE)
    return drift, findings


def _parse_folder(option: str, text: str, keyword: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise InvalidOption(
            f"--{option} {text}: not a folder; give a folder with application_"
            f"{'train' if keyword == TRAIN_SOURCE else 'test'}.parquet or .csv, or `{keyword}`"
        )
    return path


def _parse_timestamp(text: str) -> datetime:
    try:
        timestamp = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidOption(f"--since {text}: not a date; write it as 2026-03-31") from error
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
