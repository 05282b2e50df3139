"""What a gate is, and what it answers: a code, a verdict, what was measured, what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from credit.governance import GateLimit
from training.evaluation.result import EvaluationResult
from training.metrics.bootstrap import Interval


class Verdict(StrEnum):
    """Gravest first."""

    REFUSES = "refuses"
    WARNS = "warns"
    PASSES = "passes"
    NOT_APPLICABLE = "not applicable"


FAILED_VERDICTS = (Verdict.REFUSES, Verdict.WARNS)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What a gate measured, and whether it is within the limit."""

    passed: bool
    message: str
    value: float
    interval: Interval | None = None


@dataclass(frozen=True)
class NotApplicable:
    reason: str


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
    check: Callable[[EvaluationResult, float], Measurement | NotApplicable]
    """Of the evidence and the policy's limit."""

    def run(self, evaluation: EvaluationResult, limit: GateLimit) -> Finding:
        measurement = self.check(evaluation, limit.limit)
        if isinstance(measurement, NotApplicable):
            verdict, message, value, interval = (
                Verdict.NOT_APPLICABLE,
                measurement.reason,
                None,
                None,
            )
        else:
            failed_verdict = Verdict.REFUSES if limit.blocks else Verdict.WARNS
            verdict = Verdict.PASSES if measurement.passed else failed_verdict
            message, value, interval = (
                measurement.message,
                float(measurement.value),
                measurement.interval,
            )
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
