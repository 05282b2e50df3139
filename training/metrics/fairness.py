"""Audit how decisions differ between groups of protected attributes.

The attributes are read from the raw tables for this audit only; sex is never in the matrix.
Point estimates use fairlearn (Weerts et al., *Fairlearn: assessing and improving fairness of AI
systems*, 2023). Its own bootstrap takes minutes; the one of `bootstrap` takes a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from fairlearn.metrics import MetricFrame
from numpy.typing import NDArray

from credit.decision import Outcome
from credit.dossier import Bools, Floats, Integers
from credit.governance import ProtectedAttribute
from credit.policy import DAYS_PER_YEAR, Policy
from credit.schema import TABLES, ColumnKind
from stores.dossiers.parquet import DossierFile
from training.data.dataset import Labels
from training.metrics.bootstrap import (
    Interval,
    WeightedCalibration,
    bootstrap_weights,
    compute_percentile_interval,
    count_resamples,
)
from training.metrics.credit_metrics import calibration_in_the_large

MIN_CLIENTS_PER_GROUP = 100
"""Smaller groups are not audited: estimates are too uncertain, and clients could be identified."""

MIN_CLIENTS_PER_LABEL = 5
"""Fewest clients of a group with, and without, difficulties, for the same reason."""

FAIRNESS_METRICS = ("approval", "true_refusal", "false_refusal", "calibration")


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A metric with its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class GroupMetrics:
    """Outcomes and calibration of one group of clients."""

    name: str
    clients: int
    difficulty_rate: float
    approval: Estimate
    """Share of clients with the proposal to approve."""
    approval_ratio: Estimate
    """That share divided by the share of the group with the highest: 1 for that group."""
    true_refusal: Estimate
    """Share of declined clients among those with difficulties."""
    false_refusal: Estimate
    """Share of declined clients among those without difficulties."""
    calibration: Estimate
    """Calibration-in-the-large in log-odds; above 0 the group's risk is underestimated."""


@dataclass(frozen=True, kw_only=True)
class FairnessAudit:
    """The groups of one protected attribute."""

    attribute: str
    excluded: bool
    groups: tuple[GroupMetrics, ...]
    unaudited_clients: int
    """Number of clients with an unknown value or in a group that is too small."""


def propose_outcomes(risks: Floats, policy: Policy) -> NDArray[np.object_]:
    """Return the outcome that the score proposes for each risk, without rules."""
    return np.array([policy.propose_outcome(risk) for risk in risks.tolist()], dtype=object)


def audit_groups(
    dossiers: DossierFile, labels: Labels, risks: Floats, policy: Policy, *, seed: int
) -> tuple[FairnessAudit, ...]:
    """Audit every protected attribute that has at least two groups.

    Args:
        dossiers: Source of the protected attributes.
        labels: Shape (clients,).
        risks: Out-of-fold risks, shape (clients,).
        policy: Names the protected attributes and proposes outcomes.
        seed: Seed of the bootstrap.
    """
    outcomes = propose_outcomes(risks, policy)
    approved, declined = outcomes == Outcome.APPROVE, outcomes == Outcome.DECLINE
    results = []
    for attribute in policy.protected:
        groups = _split_by_group(dossiers, attribute)
        large_groups = _select_large_groups(groups, labels)
        group_metrics = _measure_groups(
            {name: rows for name, rows in groups.items() if name in large_groups},
            labels, risks, approved, declined, seed,
        )  # fmt: skip
        if len(group_metrics) > 1:
            audited_count = sum(group.clients for group in group_metrics)
            results.append(
                FairnessAudit(
                    attribute=attribute.attribute,
                    excluded=attribute.excluded,
                    groups=group_metrics,
                    unaudited_clients=len(labels) - audited_count,
                )
            )
    return tuple(results)


def _split_by_group(dossiers: DossierFile, attribute: ProtectedAttribute) -> dict[str, Integers]:
    """Return the indices of the clients of each group, in the order of reports."""
    table, name = attribute.columns[0].split(".")
    column = TABLES[table][name]
    if column.kind is ColumnKind.CATEGORY:
        categories = np.array(dossiers.read_column(name), dtype=object)
        unknown_categories = {None, *column.sentinels}
        return {
            str(category): np.flatnonzero(categories == category)
            for category in sorted(set(categories.tolist()) - unknown_categories)
        }
    values = np.array(dossiers.read_column(name), dtype=np.float64)
    if not attribute.bands:
        levels = np.unique(values[~np.isnan(values)])
        return {f"{level:g}": np.flatnonzero(values == level) for level in levels.tolist()}
    years = -values / DAYS_PER_YEAR
    edges = [*attribute.bands, np.inf]
    return {
        _format_age_band(low, high): np.flatnonzero((years >= low) & (years < high))
        for low, high in pairwise(edges)
    }


def _format_age_band(low: float, high: float) -> str:
    """Format the name of an age band.

    >>> [_format_age_band(*band) for band in ((0, 25), (25, 35), (62, float("inf")))]
    ['under 25', '25 to 34', '62 and over']
    """
    if low == 0:
        return f"under {high:g}"
    return f"{low:g} and over" if np.isinf(high) else f"{low:g} to {high - 1:g}"


def _select_large_groups(groups: Mapping[str, Integers], labels: Labels) -> set[str]:
    return {
        name
        for name, rows in groups.items()
        if len(rows) >= MIN_CLIENTS_PER_GROUP
        and MIN_CLIENTS_PER_LABEL <= labels[rows].sum() <= len(rows) - MIN_CLIENTS_PER_LABEL
    }


def _measure_groups(  # noqa: PLR0917 -- columns of one table
    groups: Mapping[str, Integers],
    labels: Labels,
    risks: Floats,
    approved: Bools,
    declined: Bools,
    seed: int,
) -> tuple[GroupMetrics, ...]:
    if not groups:
        return ()
    rows = np.concatenate(list(groups.values()))
    group_index = np.repeat(
        np.arange(len(groups)), [len(group_rows) for group_rows in groups.values()]
    )
    estimates = _estimate_by_group(
        labels[rows], risks[rows], approved[rows], declined[rows], group_index
    )
    resample_count = count_resamples(len(rows))
    bootstrap = [
        _bootstrap_group(
            labels, risks, approved, declined, group_rows, seed + index, resample_count
        )
        for index, group_rows in enumerate(groups.values())
    ]
    most_approved = int(estimates["approval"].argmax())
    results = []
    for index, (name, group_rows) in enumerate(groups.items()):
        rates = {
            metric: Estimate(
                value=float(estimates[metric][index]),
                interval=compute_percentile_interval(bootstrap[index][metric]),
            )
            for metric in FAIRNESS_METRICS
        }
        ratios = _compute_ratio(bootstrap[index]["approval"], bootstrap[most_approved]["approval"])
        [ratio] = _compute_ratio(
            estimates["approval"][[index]], estimates["approval"][[most_approved]]
        )
        results.append(
            GroupMetrics(
                name=name,
                clients=len(group_rows),
                difficulty_rate=float(labels[group_rows].mean()),
                approval_ratio=Estimate(
                    value=float(ratio), interval=compute_percentile_interval(ratios)
                ),
                **rates,
            )
        )
    return tuple(results)


def _compute_ratio(rate: Floats, highest_rate: Floats) -> Floats:
    """Divide rates; 1 if no client is approved, since groups are then treated alike."""
    return np.divide(rate, highest_rate, out=np.ones_like(rate), where=highest_rate > 0)


def _estimate_by_group(
    labels: Labels, risks: Floats, approved: Bools, declined: Bools, group_index: Integers
) -> dict[str, Floats]:
    """Compute each metric by group, shape (groups,)."""
    frame = MetricFrame(
        metrics={
            "approval": lambda y, _, approved, declined: float(approved.mean()),  # noqa: ARG005
            "true_refusal": lambda y, _, approved, declined: float(declined[y == 1].mean()),  # noqa: ARG005
            "false_refusal": lambda y, _, approved, declined: float(declined[y == 0].mean()),  # noqa: ARG005
            "calibration": lambda y, risk, approved, declined: calibration_in_the_large(y, risk),  # noqa: ARG005
        },
        y_true=labels,
        y_pred=risks,
        sensitive_features=group_index,
        sample_params={
            metric: {"approved": approved, "declined": declined} for metric in FAIRNESS_METRICS
        },
    )
    return {
        metric: frame.by_group[metric].to_numpy(dtype=np.float64) for metric in FAIRNESS_METRICS
    }


def _bootstrap_group(  # noqa: PLR0917 -- columns of one table
    labels: Labels,
    risks: Floats,
    approved: Bools,
    declined: Bools,
    rows: Integers,
    seed: int,
    resample_count: int,
) -> dict[str, Floats]:
    """Compute each metric for every resample of one group, shape (resamples,)."""
    is_difficult, is_declined = labels[rows].astype(np.float64), declined[rows].astype(np.float64)
    is_approved, is_true_refusal = approved[rows].astype(np.float64), is_declined * is_difficult
    calibration = WeightedCalibration(labels[rows], risks[rows])
    results = []
    for weights in bootstrap_weights(len(rows), seed, resample_count):
        total, difficult, true_refusals = (
            weights.sum(),
            weights @ is_difficult,
            weights @ is_true_refusal,
        )
        good, false_refusals = total - difficult, weights @ is_declined - true_refusals
        results.append((
            weights @ is_approved / total,
            true_refusals / difficult if difficult else np.nan,
            false_refusals / good if good else np.nan,
            calibration.compute_shift(weights),
        ))  # fmt: skip
    return dict(zip(FAIRNESS_METRICS, np.array(results).T, strict=True))
