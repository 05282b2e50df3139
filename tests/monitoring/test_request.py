"""Options of the drift command."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.request import DriftRequest, InvalidOption


def test_a_lender_mapping_is_rejected_without_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="--lender applies to folders"):
        DriftRequest.from_options("train", "ledger", None, tmp_path / "lender.yaml")


@pytest.mark.parametrize(
    ("reference", "current", "since", "message"),
    [
        ("nowhere", "ledger", None, "--reference nowhere: not a folder"),
        ("train", "nowhere", None, "--current nowhere: not a folder"),
        ("ledger", "ledger", None, "--reference ledger: not a folder"),
        ("train", "ledger", "31/12/2025", "not a date; write it as 2026-03-31"),
        ("train", ".", "2026-01-01", "add --current ledger"),
    ],
)
def test_invalid_options_are_rejected_with_a_valid_alternative(
    reference: str, current: str, since: str | None, message: str
) -> None:
    with pytest.raises(InvalidOption, match=message):
        DriftRequest.from_options(reference, current, since)
