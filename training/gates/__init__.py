"""The gates of training: what a model must not fail before it may serve. Listed in docs/gates.md.

evidence ──► every gate ──► findings, the gravest first ──► promoted, or refused
"""

from __future__ import annotations

from collections.abc import Callable

from training.evaluation.result import Evidence
from training.gates import behaviour, calibration, discrimination, fairness
from training.gates.base import FAILED, Finding, Gate, Verdict

__all__ = ["FAILED", "GATES", "Evidence", "Finding", "Gate", "Verdict", "judge", "refusing"]

GATES: tuple[Gate, ...] = tuple(
    sorted(
        (*discrimination.GATES, *calibration.GATES, *behaviour.GATES, *fairness.GATES),
        key=lambda gate: gate.code,
    )
)


def judge(
    evidence: Evidence, progress: Callable[[int], object] = lambda _: None
) -> tuple[Finding, ...]:
    """What every gate of the policy says, the gravest first.

    Args:
        progress: Told of every gate.
    """
    limits = {limit.code: limit for limit in evidence.policy.gates}
    found = []
    for gate in GATES:
        found.append(gate.judge(evidence, limits[gate.code]))
        progress(1)
    return tuple(sorted(found, key=lambda one: (list(Verdict).index(one.verdict), one.code)))


def refusing(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """The codes of the gates that refuse the model."""
    return tuple(one.code for one in findings if one.verdict is Verdict.REFUSES)
