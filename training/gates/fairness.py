"""Are groups that the law protects decided alike, as far as each jurisdiction asks?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from credit.governance import FairnessLimit
from training.evaluation.result import Evidence
from training.gates.base import Gate, Measured, NotApplicable
from training.metrics.fairness import Audit, Group

Judgement = Callable[[Group, FairnessLimit], str | None]


def impact(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    return _judged(evidence, limit, _approved_less)


def calibration(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    return _judged(evidence, limit, _told_wrongly)


def _judged(evidence: Evidence, limit: float, judge: Judgement) -> Measured | NotApplicable:
    """How many groups are beyond a jurisdiction's limit, the whole interval considered."""
    if not evidence.audits:
        return NotApplicable("no protected attribute has two groups large enough to compare")
    told: dict[str, list[str]] = {}
    for jurisdiction in evidence.policy.fairness:
        for audit, group in audited(evidence.audits, jurisdiction):
            if found := judge(group, jurisdiction):
                said = f"{audit.attribute} {group.name}: {found}"
                told.setdefault(said, []).append(jurisdiction.jurisdiction)
    listed = "; ".join(f"{said} [{', '.join(where)}]" for said, where in told.items())
    message = listed or f"every group of {len(evidence.audits)} attributes is within its limit"
    return Measured(holds=len(told) <= limit, message=message, value=len(told))


def audited(
    audits: tuple[Audit, ...], jurisdiction: FairnessLimit
) -> Iterator[tuple[Audit, Group]]:
    """The groups that a jurisdiction looks at."""
    for audit in audits:
        if audit.attribute in jurisdiction.attributes:
            yield from ((audit, group) for group in audit.groups)


def _approved_less(group: Group, asked: FairnessLimit) -> str | None:
    ratio = group.approval_ratio
    if ratio.interval.high >= asked.least_approval_ratio:
        return None
    return f"approved {ratio.value:.2f} times as often ({_range(ratio.interval)})"


def _told_wrongly(group: Group, asked: FairnessLimit) -> str | None:
    low, high = group.calibration.interval
    most = asked.most_calibration_gap
    if low <= most and high >= -most:
        return None
    return f"calibration {group.calibration.value:+.2f} log-odds ({_range((low, high))})"


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}"


GATES = (
    Gate(
        code="CRG114",
        title="Approval ratio between groups",
        measure=impact,
        what_to_do="Look at which features carry the difference (the ablation tells their price), "
        "whether it is borne out by difficulties, and have compliance decide.",
    ),
    Gate(
        code="CRG115",
        title="Calibration by group",
        measure=calibration,
        what_to_do="Too high is unfair to the group, too low to the lender: look for what the "
        "group has in common that the model cannot see.",
    ),
)
