"""Check approval ratios and calibration of protected groups against each jurisdiction."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from credit.governance import FairnessLimit
from training.evaluation.result import EvaluationResult
from training.gates.base import Gate, Measurement, NotApplicable
from training.metrics.fairness import FairnessAudit, GroupMetrics

GroupCheck = Callable[[GroupMetrics, FairnessLimit], str | None]


def check_approval_ratio(
    evaluation: EvaluationResult, limit: float
) -> Measurement | NotApplicable:
    return _check_groups(evaluation, limit, _find_low_approval)


def check_calibration_by_group(
    evaluation: EvaluationResult, limit: float
) -> Measurement | NotApplicable:
    return _check_groups(evaluation, limit, _find_miscalibration)


def _check_groups(
    evaluation: EvaluationResult, limit: float, check: GroupCheck
) -> Measurement | NotApplicable:
    """Count groups with a whole interval beyond a jurisdiction's limit."""
    if not evaluation.audits:
        return NotApplicable("no protected attribute has two groups large enough to compare")
    jurisdictions_by_violation: dict[str, list[str]] = {}
    for jurisdiction in evaluation.policy.fairness:
        for audit, group in iter_audited_groups(evaluation.audits, jurisdiction):
            if problem := check(group, jurisdiction):
                violation = f"{audit.attribute} {group.name}: {problem}"
                jurisdictions_by_violation.setdefault(violation, []).append(
                    jurisdiction.jurisdiction
                )
    summary = "; ".join(
        f"{violation} [{', '.join(jurisdictions)}]"
        for violation, jurisdictions in jurisdictions_by_violation.items()
    )
    message = summary or f"every group of {len(evaluation.audits)} attributes is within its limit"
    return Measurement(
        passed=len(jurisdictions_by_violation) <= limit,
        message=message,
        value=len(jurisdictions_by_violation),
    )


def iter_audited_groups(
    audits: tuple[FairnessAudit, ...], jurisdiction: FairnessLimit
) -> Iterator[tuple[FairnessAudit, GroupMetrics]]:
    """Yield the groups of the attributes that a jurisdiction names."""
    for audit in audits:
        if audit.attribute in jurisdiction.attributes:
            yield from ((audit, group) for group in audit.groups)


def _find_low_approval(group: GroupMetrics, limits: FairnessLimit) -> str | None:
    ratio = group.approval_ratio
    if ratio.interval.high >= limits.least_approval_ratio:
        return None
    return f"approved {ratio.value:.2f} times as often ({_format_interval(ratio.interval)})"


def _find_miscalibration(group: GroupMetrics, limits: FairnessLimit) -> str | None:
    low, high = group.calibration.interval
    max_gap = limits.most_calibration_gap
    if low <= max_gap and high >= -max_gap:
        return None
    return f"calibration {group.calibration.value:+.2f} log-odds ({_format_interval((low, high))})"


def _format_interval(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}"


GATES = (
    Gate(
        code="CRG114",
        title="Approval ratio between groups",
        check=check_approval_ratio,
        what_to_do="Look at which features carry the difference (the ablation tells their price), "
        "whether it is borne out by difficulties, and have compliance decide.",
    ),
    Gate(
        code="CRG115",
        title="Calibration by group",
        check=check_calibration_by_group,
        what_to_do="Too high is unfair to the group, too low to the lender: look for what the "
        "group has in common that the model cannot see.",
    ),
)
