"""How the decisions fall on groups that the law protects.

The attributes come from the raw tables for this audit alone; sex is never in the matrix.
Points are fairlearn's (Weerts et al., *Fairlearn: assessing and improving fairness of AI systems*,
2023); its own bootstrap takes minutes where the resamples of `intervals` take a second.
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
from credit.policy import YEAR, Policy
from credit.schema import TABLES, Kind
from stores.dossiers.parquet import DossierFile
from training.data.dataset import Labels
from training.metrics.bootstrap import Calibrated, Interval, interval, resamples, resamples_of
from training.metrics.credit_metrics import calibration_in_the_large

FEWEST = 100
"""Clients of a group; below, nothing can be said, and too much of the few."""

FEWEST_DIFFICULT = 5
"""Clients with difficulties of a group, for the same reason."""

MEASURES = ("approval", "true_refusal", "false_refusal", "calibration")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A measure with its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class Group:
    """What a model does to one group of clients."""

    name: str
    clients: int
    difficulty_rate: float
    approval: Rate
    """Share whose proposed outcome is to approve."""
    approval_ratio: Rate
    """That share over the share of the group approved most: 1 for that group."""
    true_refusal: Rate
    """Share of those with difficulties whose proposed outcome is to decline."""
    false_refusal: Rate
    """Share of those without whose proposed outcome is to decline."""
    calibration: Rate
    """Calibration-in-the-large in log-odds; above 0 the group's risk is told too low."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The groups of one protected attribute."""

    attribute: str
    excluded: bool
    groups: tuple[Group, ...]
    left_out: int
    """Clients whose value is unknown, or whose group is too small."""


def outcomes_of(risks: Floats, policy: Policy) -> NDArray[np.object_]:
    """The outcome the score proposes for each risk, before any rule."""
    return np.array([policy.outcome(risk) for risk in risks.tolist()], dtype=object)


def audits(
    dossiers: DossierFile, labels: Labels, risks: Floats, policy: Policy, *, seed: int
) -> tuple[Audit, ...]:
    """An audit of every protected attribute that has two groups to compare.

    Args:
        risks: Of each client by a model that had not seen him.
    """
    outcomes = outcomes_of(risks, policy)
    approved, declined = outcomes == Outcome.APPROVE, outcomes == Outcome.DECLINE
    found = []
    for attribute in policy.protected:
        groups = _grouped(dossiers, attribute)
        kept = _large_enough(groups, labels)
        audited = _audit(
            {name: rows for name, rows in groups.items() if name in kept},
            labels, risks, approved, declined, seed,
        )  # fmt: skip
        if len(audited) > 1:
            counted = sum(group.clients for group in audited)
            found.append(
                Audit(
                    attribute=attribute.attribute,
                    excluded=attribute.excluded,
                    groups=audited,
                    left_out=len(labels) - counted,
                )
            )
    return tuple(found)


def _grouped(dossiers: DossierFile, attribute: ProtectedAttribute) -> dict[str, Integers]:
    """The places of the clients of every group, in the order groups are told."""
    table, name = attribute.columns[0].split(".")
    column = TABLES[table][name]
    if column.kind is Kind.CATEGORY:
        words = np.array(dossiers.column(name), dtype=object)
        unknown = {None, *column.sentinels}
        return {
            str(word): np.flatnonzero(words == word)
            for word in sorted(set(words.tolist()) - unknown)
        }
    cells = np.array(dossiers.column(name), dtype=np.float64)
    if not attribute.bands:
        levels = np.unique(cells[~np.isnan(cells)])
        return {f"{level:g}": np.flatnonzero(cells == level) for level in levels.tolist()}
    years = -cells / YEAR
    edges = [*attribute.bands, np.inf]
    return {
        _band(low, high): np.flatnonzero((years >= low) & (years < high))
        for low, high in pairwise(edges)
    }


def _band(low: float, high: float) -> str:
    """The name of an age band.

    >>> [_band(0, 25), _band(25, 35), _band(62, float("inf"))]
    ['under 25', '25 to 34', '62 and over']
    """
    if low == 0:
        return f"under {high:g}"
    return f"{low:g} and over" if np.isinf(high) else f"{low:g} to {high - 1:g}"


def _large_enough(groups: Mapping[str, Integers], labels: Labels) -> set[str]:
    return {
        name
        for name, rows in groups.items()
        if len(rows) >= FEWEST
        and FEWEST_DIFFICULT <= labels[rows].sum() <= len(rows) - FEWEST_DIFFICULT
    }


def _audit(  # noqa: PLR0917 -- columns of one table
    groups: Mapping[str, Integers],
    labels: Labels,
    risks: Floats,
    approved: Bools,
    declined: Bools,
    seed: int,
) -> tuple[Group, ...]:
    if not groups:
        return ()
    rows = np.concatenate(list(groups.values()))
    of_group = np.repeat(np.arange(len(groups)), [len(places) for places in groups.values()])
    points = _points(labels[rows], risks[rows], approved[rows], declined[rows], of_group)
    number = resamples_of(len(rows))
    drawn = [
        _resampled(labels, risks, approved, declined, places, seed + place, number)
        for place, places in enumerate(groups.values())
    ]
    most = int(points["approval"].argmax())
    told = []
    for place, (name, places) in enumerate(groups.items()):
        rates = {
            measure: Rate(
                value=float(points[measure][place]), interval=interval(drawn[place][measure])
            )
            for measure in MEASURES
        }
        ratios = _ratio(drawn[place]["approval"], drawn[most]["approval"])
        [ratio] = _ratio(points["approval"][[place]], points["approval"][[most]])
        told.append(
            Group(
                name=name,
                clients=len(places),
                difficulty_rate=float(labels[places].mean()),
                approval_ratio=Rate(value=float(ratio), interval=interval(ratios)),
                **rates,
            )
        )
    return tuple(told)


def _ratio(rate: Floats, most: Floats) -> Floats:
    """1 where nobody at all is approved: then the groups are treated alike."""
    return np.divide(rate, most, out=np.ones_like(rate), where=most > 0)


def _points(
    labels: Labels, risks: Floats, approved: Bools, declined: Bools, of_group: Integers
) -> dict[str, Floats]:
    """Each measure by group, shape (groups,)."""
    frame = MetricFrame(
        metrics={
            "approval": lambda y, _, approved, declined: float(approved.mean()),  # noqa: ARG005
            "true_refusal": lambda y, _, approved, declined: float(declined[y == 1].mean()),  # noqa: ARG005
            "false_refusal": lambda y, _, approved, declined: float(declined[y == 0].mean()),  # noqa: ARG005
            "calibration": lambda y, risk, approved, declined: calibration_in_the_large(y, risk),  # noqa: ARG005
        },
        y_true=labels,
        y_pred=risks,
        sensitive_features=of_group,
        sample_params={
            measure: {"approved": approved, "declined": declined} for measure in MEASURES
        },
    )
    return {measure: frame.by_group[measure].to_numpy(dtype=np.float64) for measure in MEASURES}


def _resampled(  # noqa: PLR0917 -- columns of one table
    labels: Labels,
    risks: Floats,
    approved: Bools,
    declined: Bools,
    places: Integers,
    seed: int,
    number: int,
) -> dict[str, Floats]:
    """The measures of one group under every resample of its clients, shape (resamples,)."""
    late, refused = labels[places].astype(np.float64), declined[places].astype(np.float64)
    granted, found = approved[places].astype(np.float64), refused * late
    calibrated = Calibrated(labels[places], risks[places])
    told = []
    for weights in resamples(len(places), seed, number):
        everyone, difficult, true = weights.sum(), weights @ late, weights @ found
        good, false = everyone - difficult, weights @ refused - true
        told.append((
            weights @ granted / everyone,
            true / difficult if difficult else np.nan,
            false / good if good else np.nan,
            calibrated.shift(weights),
        ))  # fmt: skip
    return dict(zip(MEASURES, np.array(told).T, strict=True))
