"""Define gates and their findings: a code, a verdict, a measurement, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from credit.finding import Finding
from credit.governance import GateLimit
from training.evaluation.result import EvaluationResult
from training.metrics.bootstrap import Interval


class Verdict(StrEnum):
    """The result of a gate, the most severe first."""

    REFUSES = "refuses"
    WARNS = "warns"
    PASSES = "passes"
    NOT_APPLICABLE = "not applicable"


FAILED_VERDICTS = (Verdict.REFUSES, Verdict.WARNS)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The value that a gate measured, and whether it is within the limit."""

    passed: bool
    message: str
    value: float
    interval: Interval | None = None


@dataclass(frozen=True)
class NotApplicable:
    reason: str


@dataclass(frozen=True, kw_only=True)
class GateFinding(Finding):
    """The finding of one gate on one model."""

    verdict: Verdict
    value: float | None
    interval: Interval | None
    limit: float


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A check that a model must pass before it may serve."""

    code: str
    title: str
    what_to_do: str
    check: Callable[[EvaluationResult, float], Measurement | NotApplicable]
    """Function of the evaluation and the policy's limit."""

    def run(self, evaluation: EvaluationResult, limit: GateLimit) -> GateFinding:
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
        return GateFinding(
            code=self.code,
            title=self.title,
            verdict=verdict,
            message=message,
            value=value,
            interval=interval,
            limit=limit.limit,
            what_to_do=self.what_to_do,
        )
