"""What is worth a human's attention in a comparison: coded, graded, with what to do.

MON101  an application column drifted          MON105  categories never seen before
MON102  too many columns drifted               MON106  too few clients to judge
MON103  the risk drifted                       MON107  decisions of another model
MON104  another share of cells is missing      MON108  a history is known of other clients
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from credit.dossier import Integers, Words
from credit.features.category_encoder import RARE
from monitoring.comparison import FEWEST, Comparison, Drift, Kind
from monitoring.psi import MAJOR, MODERATE, psi

COLUMN_DRIFTED = "MON101"

TOO_MANY = 0.25
"""Share of drifted columns from which it is another population rather than a change in it: Home
Credit's own train and test files, known to differ, drift in an eighth."""

MISSING_STEP = 0.05
"""Change in the share of missing cells that is worth a look: one client in twenty."""


class Severity(StrEnum):
    ISSUE = "issue"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True)
class Finding:
    code: str
    """Stable: MON and a number."""
    title: str
    severity: Severity
    message: str
    """What was found, with the numbers."""
    what_to_do: str


def column_drifted(drift: Drift) -> Iterator[Finding]:
    for column in drift.drifted:
        if column.kind is Kind.APPLICATION:
            yield Finding(
                code=COLUMN_DRIFTED,
                title="Application column drifted",
                severity=_graded(column.psi.value),
                message=_told(column),
                what_to_do="Ask whether other people apply or the form is filled otherwise; check "
                f"the source and the unit of {column.column}.",
            )


def too_many_drifted(drift: Drift) -> Iterator[Finding]:
    columns = drift.of(Kind.APPLICATION)
    drifted = sum(column.drifted for column in columns)
    if drifted > TOO_MANY * len(columns):
        yield Finding(
            code="MON102",
            title="Too many columns drifted",
            severity=Severity.ISSUE,
            message=f"{drifted} of {len(columns)} application columns drifted, more than "
            f"{TOO_MANY:.0%}",
            what_to_do="Do not trust the risk of these clients before its calibration was checked "
            "on their outcomes; train again when there are enough.",
        )


def risk_drifted(drift: Drift) -> Iterator[Finding]:
    if drift.risk.drifted:
        before, after = drift.reference.risk.mean(), drift.current.risk.mean()
        yield Finding(
            code="MON103",
            title="Risk drifted",
            severity=Severity.ISSUE,
            message=f"{_told(drift.risk)}; mean risk {before:.2%} → {after:.2%}",
            what_to_do="Look for the columns that drifted; check the calibration on outcomes, "
            "and that approvals and declines are still what the policy intends.",
        )


def missing_changed(drift: Drift) -> Iterator[Finding]:
    for column in drift.of(Kind.APPLICATION):
        before, after = column.missing_reference, column.missing_current
        unknown = _known(column.reference), _known(column.current)
        if column.judged and _stepped(before, after) and psi(*unknown).beyond_chance:
            yield Finding(
                code="MON104",
                title="Share of missing values changed",
                severity=Severity.ISSUE if after == 1 else Severity.WARNING,
                message=f"{column.column}: missing {before:.1%} → {after:.1%}",
                what_to_do=f"Check that {column.column} still arrives, under this name and in "
                "this unit.",
            )


def unseen_categories(drift: Drift) -> Iterator[Finding]:
    for name, reference in drift.reference.application.items():
        current = drift.current.application[name]
        if not (isinstance(reference, Words) and isinstance(current, Words)):
            continue
        seen = {reference.vocabulary[code] for code in np.unique(reference.codes[reference.known])}
        often = np.bincount(current.codes[current.known], minlength=len(current.vocabulary))
        new = {w: n for w, n in zip(current.vocabulary, often.tolist(), strict=True) if n}
        new = {word: count for word, count in new.items() if word not in seen}
        if new:
            yield Finding(
                code="MON105",
                title="Categories never seen before",
                severity=Severity.WARNING if sum(new.values()) >= RARE else Severity.INFO,
                message=f"{name}: {_listed(new)}, of {len(drift.current):,} clients",
                what_to_do="The model reads them as unknown: map them to known words where they "
                "mean the same, or train again.",
            )


def too_few(drift: Drift) -> Iterator[Finding]:
    for side, name in ((drift.reference, "reference"), (drift.current, "current")):
        if len(side) < FEWEST:
            yield Finding(
                code="MON106",
                title="Too few clients to judge",
                severity=Severity.WARNING,
                message=f"{len(side)} clients on the {name} side ({side.source}): below {FEWEST} "
                "nothing is called drifted",
                what_to_do="Wait for more, or look at a longer time.",
            )


def other_models(drift: Drift) -> Iterator[Finding]:
    for model, count in drift.current.models.items():
        if model not in drift.reference.models:
            yield Finding(
                code="MON107",
                title="Decisions of another model",
                severity=Severity.INFO,
                message=f"the risk of {count:,} of {len(drift.current):,} clients was told by "
                f"{model}, that of the reference by {', '.join(drift.reference.models)}",
                what_to_do="Where the risk drifted, the model may be the reason: give --since the "
                "day the champion was promoted.",
            )


def histories_differ(drift: Drift) -> Iterator[Finding]:
    for name, before in drift.reference.known.items():
        after = drift.current.known[name]
        if _stepped(before, after):
            yield Finding(
                code="MON108",
                title="A history is known of other clients",
                severity=Severity.WARNING,
                message=f"{name}: known of {before:.1%} → {after:.1%} of the clients",
                what_to_do="Features and risk are not alike on the two sides: compare with tables "
                f"that have the same histories, or check why {name} comes or stays away.",
            )


CHECKS = (
    too_few,
    too_many_drifted,
    risk_drifted,
    histories_differ,
    other_models,
    column_drifted,
    missing_changed,
    unseen_categories,
)


def findings(drift: Drift) -> list[Finding]:
    """All that is found, the gravest first."""
    found = [finding for check in CHECKS for finding in check(drift)]
    return sorted(found, key=lambda finding: list(Severity).index(finding.severity))


def _graded(value: float) -> Severity:
    if value > MAJOR:
        return Severity.ISSUE
    return Severity.WARNING if value > MODERATE else Severity.INFO


def _told(column: Comparison) -> str:
    limit = f"limit {column.psi.limit:.3g}"
    return f"{column.column}: PSI {column.psi.value:.3f}, {limit}; moved most: {column.moved}"


def _stepped(before: float, after: float) -> bool:
    return abs(after - before) >= MISSING_STEP


def _known(counts: Integers) -> Integers:
    """Clients whose cell is known, and the others."""
    return np.array([counts[:-1].sum(), counts[-1]])


def _listed(words: Mapping[str, int]) -> str:
    """Words with their counts; a word that few clients share could tell who they are.

    >>> _listed({"Barter": 120, "Loan of J. Doe": 1})
    "'Barter' (120), 1 word of fewer than 30 clients each (1)"
    """
    shown = [f"{word!r} ({count:,})" for word, count in words.items() if count >= RARE]
    rare = [count for count in words.values() if count < RARE]
    noun = "word" if len(rare) == 1 else "words"
    hidden = [f"{len(rare)} {noun} of fewer than {RARE} clients each ({sum(rare):,})"]
    return ", ".join(shown + hidden if rare else shown)
