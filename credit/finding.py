"""Define the finding of a check, whether a gate of training or a check of drift made it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One result of a check, with what to do about it."""

    code: str
    """Stable identifier: CRG or MON and a number."""
    title: str
    message: str
    """What was found, with the numbers."""
    what_to_do: str
