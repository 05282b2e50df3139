"""What a gate is, and what it answers: a code, a verdict, what was measured, what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from credit.governance import GateLimit
from training.evaluation.result import Evidence
from training.metrics.bootstrap import Interval


class Verdict(StrEnum):
    """Gravest first."""

    REFUSES = "refuses"
    WARNS = "warns"
    PASSES = "passes"
    NOT_APPLICABLE = "not applicable"


FAILED = (Verdict.REFUSES, Verdict.WARNS)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a gate measured, and whether it is within the limit."""

    holds: bool
    message: str
    value: float
    interval: Interval | None = None


@dataclass(frozen=True)
class NotApplicable:
    because: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one gate says of one model."""

    code: str
    """Stable: CRG and a number."""
    title: str
    verdict: Verdict
    message: str
    """What was measured, in words."""
    value: float | None
    interval: Interval | None
    limit: float
    what_to_do: str


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One thing a model must not fail."""

    code: str
    title: str
    what_to_do: str
    measure: Callable[[Evidence, float], Measured | NotApplicable]
    """Of the evidence and the policy's limit."""

    def judge(self, evidence: Evidence, limit: GateLimit) -> Finding:
        found = self.measure(evidence, limit.limit)
        if isinstance(found, NotApplicable):
            verdict, message, value, interval = Verdict.NOT_APPLICABLE, found.because, None, None
        else:
            failed = Verdict.REFUSES if limit.blocks else Verdict.WARNS
            verdict = Verdict.PASSES if found.holds else failed
            message, value, interval = found.message, float(found.value), found.interval
        return Finding(
            code=self.code,
            title=self.title,
            verdict=verdict,
            message=message,
            value=value,
            interval=interval,
            limit=limit.limit,
            what_to_do=self.what_to_do,
        )
