"""Checks of a drift analysis; each finding has a code, a severity and advice.

MON101  an application column drifted          MON105  new categories
MON102  too many columns drifted               MON106  too few clients
MON103  the risk drifted                       MON107  decisions of another model
MON104  the share of missing values changed    MON108  the coverage of a history changed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from credit.dossier import CategoricalColumn, Integers
from credit.features.category_encoder import MIN_CLIENTS_PER_CATEGORY
from credit.finding import Finding
from monitoring.comparison import MIN_CLIENTS_PER_SAMPLE, ColumnComparison, ColumnKind, DriftResult
from monitoring.psi import MAJOR_PSI, MODERATE_PSI, compute_psi

COLUMN_DRIFTED_CODE = "MON101"

MAX_DRIFTED_SHARE = 0.25
"""Share of drifted columns above which the population itself is a different one. In Home Credit's
train and test files, known to differ, an eighth of the columns drift."""

MIN_MISSING_SHARE_CHANGE = 0.05
"""Smallest reported change in the share of missing values or known histories: one client in 20."""


class Severity(StrEnum):
    ISSUE = "issue"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True)
class DriftFinding(Finding):
    """A finding of the drift analysis."""

    severity: Severity


def check_column_drift(drift: DriftResult) -> Iterator[DriftFinding]:
    for column in drift.drifted_columns:
        if column.kind is ColumnKind.APPLICATION:
            yield DriftFinding(
                code=COLUMN_DRIFTED_CODE,
                title="Application column drifted",
                severity=_grade_severity(column.psi.value),
                message=_describe_drift(column),
                what_to_do="Ask whether other people apply or the form is filled otherwise; check "
                f"the source and the unit of {column.column}.",
            )


def check_drifted_share(drift: DriftResult) -> Iterator[DriftFinding]:
    columns = drift.columns_of_kind(ColumnKind.APPLICATION)
    drifted_count = sum(column.has_drifted for column in columns)
    if drifted_count > MAX_DRIFTED_SHARE * len(columns):
        yield DriftFinding(
            code="MON102",
            title="Too many columns drifted",
            severity=Severity.ISSUE,
            message=f"{drifted_count} of {len(columns)} application columns drifted, more than "
            f"{MAX_DRIFTED_SHARE:.0%}",
            what_to_do="Do not trust the risk of these clients before its calibration was checked "
            "on their outcomes; train again when there are enough.",
        )


def check_risk_drift(drift: DriftResult) -> Iterator[DriftFinding]:
    if drift.risk.has_drifted:
        before, after = drift.reference.risk.mean(), drift.current.risk.mean()
        yield DriftFinding(
            code="MON103",
            title="Risk drifted",
            severity=Severity.ISSUE,
            message=f"{_describe_drift(drift.risk)}; mean risk {before:.2%} → {after:.2%}",
            what_to_do="Look for the columns that drifted; check the calibration on outcomes, "
            "and that approvals and declines are still what the policy intends.",
        )


def check_missing_share(drift: DriftResult) -> Iterator[DriftFinding]:
    for column in drift.columns_of_kind(ColumnKind.APPLICATION):
        before, after = column.missing_reference, column.missing_current
        counts = _count_known(column.reference), _count_known(column.current)
        if (
            column.has_enough_clients
            and _is_material_change(before, after)
            and compute_psi(*counts).is_beyond_chance
        ):
            yield DriftFinding(
                code="MON104",
                title="Share of missing values changed",
                severity=Severity.ISSUE if after == 1 else Severity.WARNING,
                message=f"{column.column}: missing {before:.1%} → {after:.1%}",
                what_to_do=f"Check that {column.column} still arrives, under this name and in "
                "this unit.",
            )


def check_new_categories(drift: DriftResult) -> Iterator[DriftFinding]:
    for name, reference in drift.reference.application.items():
        current = drift.current.application[name]
        if not (
            isinstance(reference, CategoricalColumn) and isinstance(current, CategoricalColumn)
        ):
            continue
        reference_categories = {
            reference.categories[code] for code in np.unique(reference.codes[reference.known])
        }
        counts = np.bincount(current.codes[current.known], minlength=len(current.categories))
        new_counts = {
            category: count
            for category, count in zip(current.categories, counts.tolist(), strict=True)
            if count and category not in reference_categories
        }
        if new_counts:
            yield DriftFinding(
                code="MON105",
                title="Categories never seen before",
                severity=Severity.WARNING
                if sum(new_counts.values()) >= MIN_CLIENTS_PER_CATEGORY
                else Severity.INFO,
                message=f"{name}: {_format_categories(new_counts)}, "
                f"of {len(drift.current):,} clients",
                what_to_do="The model reads them as unknown: map them to known words where they "
                "mean the same, or train again.",
            )


def check_sample_size(drift: DriftResult) -> Iterator[DriftFinding]:
    for sample, name in ((drift.reference, "reference"), (drift.current, "current")):
        if len(sample) < MIN_CLIENTS_PER_SAMPLE:
            yield DriftFinding(
                code="MON106",
                title="Too few clients to judge",
                severity=Severity.WARNING,
                message=f"{len(sample)} clients on the {name} side ({sample.source}): "
                f"below {MIN_CLIENTS_PER_SAMPLE} nothing is called drifted",
                what_to_do="Wait for more, or look at a longer time.",
            )


def check_model_versions(drift: DriftResult) -> Iterator[DriftFinding]:
    for model, count in drift.current.model_counts.items():
        if model not in drift.reference.model_counts:
            yield DriftFinding(
                code="MON107",
                title="Decisions of another model",
                severity=Severity.INFO,
                message=f"the risk of {count:,} of {len(drift.current):,} clients was told by "
                f"{model}, that of the reference by {', '.join(drift.reference.model_counts)}",
                what_to_do="Where the risk drifted, the model may be the reason: give --since the "
                "day the champion was promoted.",
            )


def check_history_coverage(drift: DriftResult) -> Iterator[DriftFinding]:
    for name, before in drift.reference.history_shares.items():
        after = drift.current.history_shares[name]
        if _is_material_change(before, after):
            yield DriftFinding(
                code="MON108",
                title="A history is known of other clients",
                severity=Severity.WARNING,
                message=f"{name}: known of {before:.1%} → {after:.1%} of the clients",
                what_to_do="Features and risk are not alike on the two sides: compare with tables "
                f"that have the same histories, or check why {name} comes or stays away.",
            )


CHECKS = (
    check_sample_size,
    check_drifted_share,
    check_risk_drift,
    check_history_coverage,
    check_model_versions,
    check_column_drift,
    check_missing_share,
    check_new_categories,
)


def collect_findings(drift: DriftResult) -> list[DriftFinding]:
    """Run all checks and return their findings, most severe first."""
    findings = [finding for check in CHECKS for finding in check(drift)]
    return sorted(findings, key=lambda finding: list(Severity).index(finding.severity))


def _grade_severity(value: float) -> Severity:
    if value > MAJOR_PSI:
        return Severity.ISSUE
    return Severity.WARNING if value > MODERATE_PSI else Severity.INFO


def _describe_drift(column: ColumnComparison) -> str:
    limit = f"limit {column.psi.limit:.3g}"
    return (
        f"{column.column}: PSI {column.psi.value:.3f}, {limit}; moved most: {column.largest_shift}"
    )


def _is_material_change(before: float, after: float) -> bool:
    return abs(after - before) >= MIN_MISSING_SHARE_CHANGE


def _count_known(counts: Integers) -> Integers:
    """Return the number of clients with a known and with an unknown value, shape (2,)."""
    return np.array([counts[:-1].sum(), counts[-1]])


def _format_categories(category_counts: Mapping[str, int]) -> str:
    """List categories with their counts; only count rare ones, as they could identify people.

    >>> _format_categories({"Barter": 120, "Loan of J. Doe": 1})
    "'Barter' (120), 1 word of fewer than 30 clients each (1)"
    """
    shown = [
        f"{category!r} ({count:,})"
        for category, count in category_counts.items()
        if count >= MIN_CLIENTS_PER_CATEGORY
    ]
    rare = [count for count in category_counts.values() if count < MIN_CLIENTS_PER_CATEGORY]
    noun = "word" if len(rare) == 1 else "words"
    hidden = [
        f"{len(rare)} {noun} of fewer than {MIN_CLIENTS_PER_CATEGORY} clients each ({sum(rare):,})"
    ]
    return ", ".join(shown + hidden if rare else shown)
