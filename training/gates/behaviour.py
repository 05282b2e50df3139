"""Does the model behave: nothing forbidden, explanations that add up, one way to compute a row?"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from time import process_time

import numpy as np

from credit.contract.request import read_request
from credit.dossier import Bools, Floats
from credit.errors import Faulty
from credit.features import CATALOGUE, Matrix
from credit.reference_population import Spread
from training.evaluation.result import Evidence
from training.gates.base import Gate, Measured, NotApplicable

CERTAIN = 1e-6
"""A probability nearer than this to 0 or 1 no longer holds its log-odds to 1e-9."""


def excluded_attribute(evidence: Evidence, limit: float) -> Measured:
    resting = {
        name: sorted(CATALOGUE[name].sources & evidence.policy.excluded)
        for name in evidence.scorer.facts.features
        if CATALOGUE[name].sources & evidence.policy.excluded
    }
    told = ", ".join(f"{name} rests on {' and '.join(cols)}" for name, cols in resting.items())
    message = told or f"none of {len(evidence.scorer.facts.features)} features rests on one"
    return Measured(holds=len(resting) <= limit, message=message, value=len(resting))


def not_additive(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    risks = evidence.scorer.risk(evidence.explained.matrix)
    told = evidence.explained.contributions.sum(axis=1)
    precise = (risks > CERTAIN) & (risks < 1 - CERTAIN)
    risks, told = risks[precise], told[precise]
    if not len(risks):
        return NotApplicable("every risk is so near 0 or 1 that its log-odds are lost")
    value = float(np.abs(told - (np.log(risks) - np.log1p(-risks))).max())
    message = (
        f"contributions of {len(risks):,} clients are at most {value:.1e} log-odds from their risk"
    )
    return Measured(holds=value <= limit, message=message, value=value)


def file_and_request_differ(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    """Some clients' rows and risks from their JSON, each alone, against those learnt from."""
    asked, differing, names = 0, 0, set[str]()
    for place, text in evidence.documents():
        asked += 1
        try:
            request = read_request(f'{{"dossier": {text}}}'.encode())
        except Faulty as error:
            differing += 1
            names.add(f"refused by the request's contract: {error.faults[0].where}")
            continue
        row = evidence.scorer.features([request.dossier or {}])
        apart = _differing(row[0], evidence.matrix[place])
        risk = evidence.scorer.risk(row)[0]
        differing += bool(apart.any()) or risk != evidence.served[place]
        names |= {list(CATALOGUE)[column] for column in np.flatnonzero(apart)}
    if not asked:
        return NotApplicable("no client is known whole")
    message = f"{differing} of {asked} clients differ between file and request"
    if names:
        message += f": {', '.join(sorted(names)[:5])}"
    return Measured(holds=differing <= limit, message=message, value=differing)


def _differing(one: Matrix, other: Matrix) -> Bools:
    apart: Bools = (one != other) & ~(np.isnan(one) & np.isnan(other))
    return apart


def moved(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    """The feature furthest from where the champion's clients stood, unknown being a place too."""
    champion = evidence.champion
    if champion is None:
        return NotApplicable("no model was promoted before")
    if champion.synthetic and not evidence.scorer.facts.data.get("synthetic"):
        return NotApplicable(f"the clients of {champion.version} are synthetic, these are not")
    spreads, absent = champion.population.spreads, set(evidence.dossiers.absent)
    shares = {
        name: _moved(spreads[name], evidence.matrix[:, place].astype(np.float64))
        for place, name in enumerate(CATALOGUE)
        if name in spreads and _unknown(spreads[name]) < 1 and not _rests_on(name, absent)
    }
    furthest = max(shares, key=lambda name: shares[name], default=None)
    if furthest is None:
        return NotApplicable(f"no feature is shared with {champion.version}")
    beyond = [name for name, share in shares.items() if share > limit]
    value = shares[furthest]
    gaps = np.isnan(evidence.matrix[:, list(CATALOGUE).index(furthest)]).mean()
    message = (
        f"{furthest} has moved for {value:.0%} of the clients since the champion's; unknown of "
        f"{gaps:.0%}, then of {_unknown(spreads[furthest]):.0%}"
    )
    if len(beyond) > 1:
        message += f"; {len(beyond)} features beyond the limit"
    return Measured(holds=not beyond, message=message, value=value)


def _rests_on(feature: str, tables: AbstractSet[str]) -> bool:
    """Whether a feature looks at one of these tables."""
    return any(source.partition(".")[0] in tables for source in CATALOGUE[feature].sources)


def _moved(spread: Spread, cells: Floats) -> float:
    """The share of clients that has moved: among the known cells, or between known and unknown."""
    gaps = np.isnan(cells)
    return max(_apart(spread, np.sort(cells[~gaps])), abs(float(gaps.mean()) - _unknown(spread)))


def _apart(spread: Spread, known: Floats) -> float:
    """Kolmogorov and Smirnov's distance to the champion's clients, at the quantiles kept of them.

    Ties count for neither side: a flag that was 1 for most is not moved by being 1 for all. Words
    have no quantiles: of them the unknown alone are compared.
    """
    if not len(known) or not spread.quantiles:
        return 0.0
    levels = np.linspace(0, 1, len(spread.quantiles))
    upto = np.searchsorted(known, spread.quantiles, side="right") / len(known)
    before = np.searchsorted(known, spread.quantiles, side="left") / len(known)
    return float(max((levels - upto).max(), (before - levels).max(), 0.0))


def _unknown(spread: Spread) -> float:
    """The share of the champion's clients of whom the feature was unknown."""
    unknown = sum(spread.unknown)
    return unknown / (unknown + int(np.sum(spread.counts)))


def slow(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    """The median, after a first dossier has warmed what is loaded at first use."""
    spent = []
    for _, text in evidence.documents():
        request = read_request(f'{{"dossier": {text}}}'.encode())
        start = process_time()
        evidence.scorer.risk(evidence.scorer.features([request.dossier or {}]))
        spent.append(1_000 * (process_time() - start))
    if not spent:
        return NotApplicable("no client is known whole")
    value = float(np.median(spent))
    message = f"{value:.2f} ms of CPU from dossier to risk, the median of {len(spent)} clients"
    return Measured(holds=value <= limit, message=message, value=value)


GATES = (
    Gate(
        code="CRG110",
        title="Excluded attributes",
        measure=excluded_attribute,
        what_to_do="Remove the features named, also those derived: the law protects the "
        "attribute, whatever its gain (policy.yaml, protected).",
    ),
    Gate(
        code="CRG111",
        title="Additivity of explanations",
        measure=not_additive,
        what_to_do="The reasons told to clients would be wrong: check that calibration was folded "
        "into the leaves and that contributions are those of the model that serves.",
    ),
    Gate(
        code="CRG112",
        title="File and request agree",
        measure=file_and_request_differ,
        what_to_do="The model would serve on other numbers than it learnt from: compare the "
        "features named, by unit, order of rows and unknown cells.",
    ),
    Gate(
        code="CRG113",
        title="Units and population against the champion's",
        measure=moved,
        what_to_do="A unit has changed, or a source has changed or is gone: check the columns it "
        "rests on, and the lender's mapping. If the population is truly another, let the policy "
        "warn instead.",
    ),
    Gate(
        code="CRG116",
        title="CPU time of a scoring",
        measure=slow,
        what_to_do="Look at benchmarks/ for what the time goes into: features, trees, or both.",
    ),
)
