"""The options of a drift analysis, parsed and checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from credit.errors import CreditError
from stores.raw_tables.lender_mapping import LenderMapping

TRAIN_SOURCE, LEDGER_SOURCE = "train", "ledger"


class InvalidOption(CreditError):
    """An option has an invalid value, or does not fit the other options."""

    code = "wrong-option"


@dataclass(frozen=True, kw_only=True)
class DriftRequest:
    """The two samples to compare."""

    reference: Path | None
    """Folder of tables; None for the champion's training clients."""
    current: Path | None
    """Folder of tables; None for the ledger."""
    since: datetime | None
    """Earliest decision to read from the ledger; None for all."""
    lender: LenderMapping | None = None
    """Names, words and units of the files in both folders."""

    @classmethod
    def from_options(
        cls, reference: str, current: str, since: str | None, lender: Path | None = None
    ) -> DriftRequest:
        """Parse the command's options; a folder named `train` is written `./train`.

        >>> request = DriftRequest.from_options("train", "ledger", "2026-03-01")
        >>> request.since == datetime(2026, 3, 1, tzinfo=UTC)
        True

        Raises:
            InvalidOption: A folder or a date is invalid, or an option does not apply.
            InvalidTables: The mapping of the lender's files is invalid.
        """
        if since is not None and current != LEDGER_SOURCE:
            raise InvalidOption(
                f"--since applies to decisions: add --current {LEDGER_SOURCE}, or leave it out"
            )
        if lender and (reference, current) == (TRAIN_SOURCE, LEDGER_SOURCE):
            raise InvalidOption("--lender applies to folders of tables: give one, or leave it out")
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
