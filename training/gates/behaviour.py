"""Check excluded attributes, additivity, agreement of file and request, shift, and latency."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from time import process_time

import numpy as np

from credit.contract.request import parse_request
from credit.dossier import Bools, Floats
from credit.errors import InvalidInput
from credit.features import CATALOGUE, Matrix
from credit.reference_population import Distribution
from training.evaluation.result import EvaluationResult
from training.gates.base import Gate, Measurement, NotApplicable

PROBABILITY_MARGIN = 1e-6
"""Nearer to 0 or 1 than this, a probability cannot represent its log-odds to 1e-9."""


def check_excluded_attributes(evaluation: EvaluationResult, limit: float) -> Measurement:
    excluded_sources = {
        name: sorted(CATALOGUE[name].sources & evaluation.policy.excluded_columns)
        for name in evaluation.scorer.metadata.features
        if CATALOGUE[name].sources & evaluation.policy.excluded_columns
    }
    offenders = ", ".join(
        f"{name} rests on {' and '.join(cols)}" for name, cols in excluded_sources.items()
    )
    message = (
        offenders or f"none of {len(evaluation.scorer.metadata.features)} features rests on one"
    )
    return Measurement(
        passed=len(excluded_sources) <= limit, message=message, value=len(excluded_sources)
    )


def check_additivity(evaluation: EvaluationResult, limit: float) -> Measurement | NotApplicable:
    risks = evaluation.scorer.predict_risk(evaluation.explanation_sample.matrix)
    log_odds = evaluation.explanation_sample.contributions.sum(axis=1)
    precise = (risks > PROBABILITY_MARGIN) & (risks < 1 - PROBABILITY_MARGIN)
    risks, log_odds = risks[precise], log_odds[precise]
    if not len(risks):
        return NotApplicable("every risk is so near 0 or 1 that its log-odds are lost")
    value = float(np.abs(log_odds - (np.log(risks) - np.log1p(-risks))).max())
    message = (
        f"contributions of {len(risks):,} clients are at most {value:.1e} log-odds from their risk"
    )
    return Measurement(passed=value <= limit, message=message, value=value)


def check_file_request_agreement(
    evaluation: EvaluationResult, limit: float
) -> Measurement | NotApplicable:
    """Compare rows and risks of some clients, built from JSON, with those of training."""
    client_count, differing_count, differences = 0, 0, set[str]()
    for index, text in evaluation.sample_documents():
        client_count += 1
        try:
            request = parse_request(f'{{"dossier": {text}}}'.encode())
        except InvalidInput as error:
            differing_count += 1
            differences.add(f"refused by the request's contract: {error.faults[0].where}")
            continue
        row = evaluation.scorer.build_features([request.dossier or {}])
        differs = _find_differences(row[0], evaluation.matrix[index])
        risk = evaluation.scorer.predict_risk(row)[0]
        differing_count += bool(differs.any()) or risk != evaluation.served_risks[index]
        differences |= {list(CATALOGUE)[column] for column in np.flatnonzero(differs)}
    if not client_count:
        return NotApplicable("no client is known whole")
    message = f"{differing_count} of {client_count} clients differ between file and request"
    if differences:
        message += f": {', '.join(sorted(differences)[:5])}"
    return Measurement(passed=differing_count <= limit, message=message, value=differing_count)


def _find_differences(first: Matrix, second: Matrix) -> Bools:
    differs: Bools = (first != second) & ~(np.isnan(first) & np.isnan(second))
    return differs


def check_population_shift(
    evaluation: EvaluationResult, limit: float
) -> Measurement | NotApplicable:
    """Find the feature with the largest shift against the champion's clients."""
    champion = evaluation.champion
    if champion is None:
        return NotApplicable("no model was promoted before")
    if champion.synthetic and not evaluation.scorer.metadata.data.get("synthetic"):
        return NotApplicable(f"the clients of {champion.version} are synthetic, these are not")
    distributions, absent_tables = (
        champion.population.spreads,
        set(evaluation.dossiers.absent_histories),
    )
    shares = {
        name: _compute_shift(distributions[name], evaluation.matrix[:, index].astype(np.float64))
        for index, name in enumerate(CATALOGUE)
        if name in distributions
        and _compute_missing_rate(distributions[name]) < 1
        and not _reads_any_table(name, absent_tables)
    }
    most_shifted = max(shares, key=lambda name: shares[name], default=None)
    if most_shifted is None:
        return NotApplicable(f"no feature is shared with {champion.version}")
    over_limit = [name for name, share in shares.items() if share > limit]
    value = shares[most_shifted]
    missing_rate = np.isnan(evaluation.matrix[:, list(CATALOGUE).index(most_shifted)]).mean()
    message = (
        f"{most_shifted} has moved for {value:.0%} of the clients since the champion's; "
        f"unknown of {missing_rate:.0%}, "
        f"then of {_compute_missing_rate(distributions[most_shifted]):.0%}"
    )
    if len(over_limit) > 1:
        message += f"; {len(over_limit)} features beyond the limit"
    return Measurement(passed=not over_limit, message=message, value=value)


def _reads_any_table(feature: str, tables: AbstractSet[str]) -> bool:
    """Return whether a feature reads one of these tables."""
    return any(source.partition(".")[0] in tables for source in CATALOGUE[feature].sources)


def _compute_shift(distribution: Distribution, values: Floats) -> float:
    """Return the larger of the shift of known values and the change of the missing rate."""
    is_missing = np.isnan(values)
    return max(
        _compute_ks_distance(distribution, np.sort(values[~is_missing])),
        abs(float(is_missing.mean()) - _compute_missing_rate(distribution)),
    )


def _compute_ks_distance(distribution: Distribution, sorted_values: Floats) -> float:
    """Compute the Kolmogorov-Smirnov distance to the champion's clients at their quantiles.

    Ties count for neither side: a flag that was 1 for most clients has not moved if it is 1 for
    all. Categories have no quantiles; only their missing rate is compared.
    """
    if not len(sorted_values) or not distribution.quantiles:
        return 0.0
    levels = np.linspace(0, 1, len(distribution.quantiles))
    share_up_to = np.searchsorted(sorted_values, distribution.quantiles, side="right") / len(
        sorted_values
    )
    share_below = np.searchsorted(sorted_values, distribution.quantiles, side="left") / len(
        sorted_values
    )
    return float(max((levels - share_up_to).max(), (share_below - levels).max(), 0.0))


def _compute_missing_rate(distribution: Distribution) -> float:
    """Return the share of the champion's clients with an unknown value."""
    missing_count = sum(distribution.unknown)
    return missing_count / (missing_count + int(np.sum(distribution.counts)))


def check_latency(evaluation: EvaluationResult, limit: float) -> Measurement | NotApplicable:
    """Measure the median CPU time of a scoring; the first one warms caches."""
    cpu_ms = []
    for _, text in evaluation.sample_documents():
        request = parse_request(f'{{"dossier": {text}}}'.encode())
        start = process_time()
        evaluation.scorer.predict_risk(evaluation.scorer.build_features([request.dossier or {}]))
        cpu_ms.append(1_000 * (process_time() - start))
    if not cpu_ms:
        return NotApplicable("no client is known whole")
    value = float(np.median(cpu_ms))
    message = f"{value:.2f} ms of CPU from dossier to risk, the median of {len(cpu_ms)} clients"
    return Measurement(passed=value <= limit, message=message, value=value)


GATES = (
    Gate(
        code="CRG110",
        title="Excluded attributes",
        check=check_excluded_attributes,
        what_to_do="Remove the features named, also those derived: the law protects the "
        "attribute, whatever its gain (policy.yaml, protected).",
    ),
    Gate(
        code="CRG111",
        title="Additivity of explanations",
        check=check_additivity,
        what_to_do="The reasons told to clients would be wrong: check that calibration was folded "
        "into the leaves and that contributions are those of the model that serves.",
    ),
    Gate(
        code="CRG112",
        title="File and request agree",
        check=check_file_request_agreement,
        what_to_do="The model would serve on other numbers than it learnt from: compare the "
        "features named, by unit, order of rows and unknown cells.",
    ),
    Gate(
        code="CRG113",
        title="Units and population against the champion's",
        check=check_population_shift,
        what_to_do="A unit has changed, or a source has changed or is gone: check the columns it "
        "rests on, and the lender's mapping. If the population is truly another, let the policy "
        "warn instead.",
    ),
    Gate(
        code="CRG116",
        title="CPU time of a scoring",
        check=check_latency,
        what_to_do="Look at benchmarks/ for what the time goes into: features, trees, or both.",
    ),
)
