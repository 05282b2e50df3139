"""Check discrimination: above chance, plausible, stable, and no worse than the champion's."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from credit.features import CATALOGUE, Matrix
from training.data.dataset import Labels
from training.evaluation.result import EvaluationResult
from training.gates.base import Gate, Measurement, NotApplicable
from training.metrics.bootstrap import (
    Interval,
    WeightedRanking,
    bootstrap_weights,
    compute_percentile_interval,
)

MIN_COMPARABLE_CLIENTS = 500
"""Fewest clients for a meaningful comparison with the champion."""

TOP_FEATURE_COUNT = 50
"""Number of most important features that are checked alone: a leak is an important feature."""

MAX_COMPARED_CLIENTS = 1_000
"""Number of clients with risks that must be bit-identical to those of the fitted booster."""

FOLD_STABILITY_CONFIDENCE = 0.999
"""The gate fails by chance in one of a thousand trainings."""


def check_champion_auc(evaluation: EvaluationResult, limit: float) -> Measurement | NotApplicable:
    champion = evaluation.champion
    if champion is None:
        return NotApplicable("no model was promoted before")
    comparable = np.flatnonzero(~np.isnan(champion.risks))
    labels = evaluation.training_set.labels[comparable]
    if len(comparable) < MIN_COMPARABLE_CLIENTS or not 0 < labels.sum() < len(labels):
        return NotApplicable(
            f"{champion.version} can be asked about {len(comparable):,} of these clients, "
            f"fewer than {MIN_COMPARABLE_CLIENTS}"
        )
    candidate_ranking = WeightedRanking(labels, evaluation.trained_model.oof_risk[comparable])
    champion_ranking = WeightedRanking(labels, champion.risks[comparable])
    unit_weights = np.ones(len(comparable))
    auc = candidate_ranking.compute_auc(unit_weights)
    champion_auc = champion_ranking.compute_auc(unit_weights)
    value = auc - champion_auc
    ci = compute_percentile_interval([
        candidate_ranking.compute_auc(weights) - champion_ranking.compute_auc(weights)
        for weights in bootstrap_weights(len(comparable), evaluation.seed)
    ])  # fmt: skip
    message = (
        f"AUC {auc:.4f} against {champion_auc:.4f} of {champion.version} "
        f"on the same {len(comparable):,} clients: {value:+.4f} ({ci.low:+.4f} to {ci.high:+.4f})"
    )
    return Measurement(passed=ci.high >= -limit, message=message, value=value, interval=ci)


def check_auc_above_chance(evaluation: EvaluationResult, limit: float) -> Measurement:
    value, ci = (
        evaluation.scorer.metadata.metrics["auc"],
        compute_percentile_interval(evaluation.bootstrap_aucs),
    )
    message = f"out-of-fold AUC {value:.4f} ({ci.low:.4f} to {ci.high:.4f})"
    return Measurement(passed=ci.low > limit, message=message, value=value, interval=ci)


def check_implausible_auc(evaluation: EvaluationResult, limit: float) -> Measurement:
    value, ci = (
        evaluation.scorer.metadata.metrics["auc"],
        compute_percentile_interval(evaluation.bootstrap_aucs),
    )
    message = f"out-of-fold AUC {value:.4f} ({ci.low:.4f} to {ci.high:.4f})"
    return Measurement(passed=ci.low <= limit, message=message, value=value, interval=ci)


def check_feature_leakage(evaluation: EvaluationResult, limit: float) -> Measurement:
    """Find the feature with the highest AUC alone, in either direction."""
    labels, importance = evaluation.training_set.labels, evaluation.scorer.metadata.importance
    top_features = sorted(enumerate(CATALOGUE), key=lambda column: -importance[column[1]])[
        :TOP_FEATURE_COUNT
    ]
    unit_weights = np.ones(len(labels))
    rankings = {
        name: _rank_by_feature(labels, evaluation.matrix[:, column])
        for column, name in top_features
    }
    strongest = max(rankings, key=lambda name: rankings[name].compute_auc(unit_weights))
    value = rankings[strongest].compute_auc(unit_weights)
    bootstrap_aucs = [
        rankings[strongest].compute_auc(weights)
        for weights in bootstrap_weights(len(labels), evaluation.seed)
    ]
    ci = compute_percentile_interval(bootstrap_aucs)
    message = (
        f"the strongest feature alone, {strongest}, has an AUC of {value:.4f} ({ci.low:.4f} to "
        f"{ci.high:.4f})"
    )
    return Measurement(passed=ci.low <= limit, message=message, value=value, interval=ci)


def _rank_by_feature(labels: Labels, column: Matrix) -> WeightedRanking:
    """Rank clients by one feature, with the sign and the place of missing values that fit best."""
    unit_weights, values = np.ones(len(labels)), column.astype(np.float64)
    rankings = [
        WeightedRanking(labels, sign * np.where(np.isnan(values), fill_value, values))
        for sign in (1, -1)
        for fill_value in (-np.inf, np.inf)
    ]
    return max(rankings, key=lambda ranking: ranking.compute_auc(unit_weights))


def check_served_model(evaluation: EvaluationResult, limit: float) -> Measurement:
    """Compare the served model with the fitted booster, and its AUC with the out-of-fold one."""
    labels, unit_weights = evaluation.training_set.labels, np.ones(len(evaluation.training_set))
    value = WeightedRanking(labels, evaluation.served_risks).compute_auc(unit_weights)
    ci = compute_percentile_interval(evaluation.bootstrap_aucs)
    fitted_risks = evaluation.trained_model.booster.predict(
        evaluation.matrix[:MAX_COMPARED_CLIENTS], num_threads=1
    )
    max_difference = float(
        np.abs(evaluation.served_risks[:MAX_COMPARED_CLIENTS] - np.asarray(fitted_risks)).max()
    )
    message = (
        f"as served AUC {value:.4f} on the clients it learnt from, out of fold at least "
        f"{ci.low:.4f}; risks {max_difference:.1e} from the fitted booster's at most"
    )
    return Measurement(
        passed=value >= ci.low - limit and not max_difference, message=message, value=value
    )


def check_fold_stability(
    evaluation: EvaluationResult, limit: float
) -> Measurement | NotApplicable:
    """Compute the standard deviation of the folds' AUC beyond that of chance."""
    labels, risks, fold = (
        evaluation.training_set.labels,
        evaluation.trained_model.oof_risk,
        evaluation.trained_model.fold,
    )
    aucs, variances = [], []
    for fold_id in np.unique(fold):
        rows = np.flatnonzero(fold == fold_id)
        if not 0 < labels[rows].sum() < len(rows):
            return NotApplicable("a fold has clients of one kind only")
        ranking = WeightedRanking(labels[rows], risks[rows])
        aucs.append(ranking.compute_auc(np.ones(len(rows))))
        variances.append(
            np.var(
                [
                    ranking.compute_auc(weights)
                    for weights in bootstrap_weights(len(rows), evaluation.seed)
                ]
            )
        )
    value, noise = float(np.std(aucs, ddof=1)), float(np.sqrt(np.mean(variances)))
    degrees_of_freedom = len(aucs) - 1
    excess_variance = (
        value**2
        - noise**2 * chi2.ppf(FOLD_STABILITY_CONFIDENCE, degrees_of_freedom) / degrees_of_freedom
    )
    message = (
        f"AUC of the folds {min(aucs):.4f} to {max(aucs):.4f}: a deviation of {value:.4f}, where "
        f"chance alone makes {noise:.4f}"
    )
    ci = Interval(float(np.sqrt(max(excess_variance, 0.0))), value)
    return Measurement(
        passed=excess_variance <= limit**2, message=message, value=value, interval=ci
    )


GATES = (
    Gate(
        code="CRG101",
        title="Discrimination against the champion",
        check=check_champion_auc,
        what_to_do="Keep the champion. Look at the ablation and at what changed in the data or "
        "the features since it was trained.",
    ),
    Gate(
        code="CRG102",
        title="Discrimination above chance",
        check=check_auc_above_chance,
        what_to_do="Check that TARGET belongs to these clients (a join by position, a shuffled "
        "file, 0 and 1 exchanged); else train on more clients.",
    ),
    Gate(
        code="CRG103",
        title="Discrimination that can be believed",
        check=check_implausible_auc,
        what_to_do="Something known only after the decision is in the data: remove the leading "
        "features one by one, and ask when each of their columns is filled.",
    ),
    Gate(
        code="CRG104",
        title="Strongest feature alone",
        check=check_feature_leakage,
        what_to_do="Ask when the columns it rests on are filled; a column written after the loan "
        "was granted must not be read.",
    ),
    Gate(
        code="CRG105",
        title="The served model is the evaluated one",
        check=check_served_model,
        what_to_do="The score is inverted, or the trees, categories or calibration were damaged "
        "on their way into the model: compare the scorer with the booster that was fitted.",
    ),
    Gate(
        code="CRG109",
        title="Stability across folds",
        check=check_fold_stability,
        what_to_do="Look at who is in the fold that differs; a mixture of populations, or too few "
        "clients for so free a model.",
    ),
)
