"""The gates of training: what a model must not fail before it may serve. Listed in docs/gates.md.

evidence ──► every gate ──► findings, the gravest first ──► promoted, or refused
"""

from __future__ import annotations

from collections.abc import Callable

from training.evaluation.result import EvaluationResult
from training.gates import behaviour, calibration, discrimination, fairness, omissions
from training.gates.base import FAILED_VERDICTS, Gate, GateFinding, Verdict

__all__ = [
    "FAILED_VERDICTS",
    "GATES",
    "EvaluationResult",
    "Gate",
    "GateFinding",
    "Verdict",
    "blocking_codes",
    "run_gates",
]

GATES: tuple[Gate, ...] = tuple(
    sorted(
        (
            *discrimination.GATES,
            *calibration.GATES,
            *behaviour.GATES,
            *fairness.GATES,
            *omissions.GATES,
        ),
        key=lambda gate: gate.code,
    )
)


def run_gates(
    evaluation: EvaluationResult, progress: Callable[[int], object] = lambda _: None
) -> tuple[GateFinding, ...]:
    """Run every gate of the policy; return findings, the most severe first.

    Args:
        evaluation: The evaluated model.
        progress: Called with 1 after each gate.
    """
    limits = {limit.code: limit for limit in evaluation.policy.gates}
    findings = []
    for gate in GATES:
        findings.append(gate.run(evaluation, limits[gate.code]))
        progress(1)
    return tuple(
        sorted(findings, key=lambda finding: (list(Verdict).index(finding.verdict), finding.code))
    )


def blocking_codes(findings: tuple[GateFinding, ...]) -> tuple[str, ...]:
    """Return the codes of the gates that refuse the model."""
    return tuple(finding.code for finding in findings if finding.verdict is Verdict.REFUSES)
