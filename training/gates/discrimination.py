"""Does the model tell clients apart: enough, believably, and no worse than the champion?"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from credit.features import CATALOGUE, Matrix
from training.data.dataset import Labels
from training.evaluation.result import Evidence
from training.gates.base import Gate, Measured, NotApplicable
from training.metrics.bootstrap import Interval, Ranking, interval, resamples

FEWEST = 500
"""Clients whom the champion must know for a comparison to say anything."""

LEADING = 50
"""The most important features, looked at alone: what leaks is what a model looks at."""

COMPARED = 1_000
"""Clients whose risks are compared with the fitted booster's, to the last bit."""

CHANCE = 0.999
"""Folds that differ by more than chance would in all but one of a thousand trainings."""


def below_champion(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    champion = evidence.champion
    if champion is None:
        return NotApplicable("no model was promoted before")
    known = np.flatnonzero(~np.isnan(champion.risks))
    labels = evidence.material.labels[known]
    if len(known) < FEWEST or not 0 < labels.sum() < len(labels):
        return NotApplicable(
            f"{champion.version} can be asked about {len(known):,} of these clients, fewer than "
            f"{FEWEST}"
        )
    ours = Ranking(labels, evidence.fitted.unseen[known])
    theirs = Ranking(labels, champion.risks[known])
    everyone = np.ones(len(known))
    value = ours.auc(everyone) - theirs.auc(everyone)
    sure = interval([
        ours.auc(weights) - theirs.auc(weights)
        for weights in resamples(len(known), evidence.seed)
    ])  # fmt: skip
    message = (
        f"AUC {ours.auc(everyone):.4f} against {theirs.auc(everyone):.4f} of {champion.version} "
        f"on the same {len(known):,} clients: {value:+.4f} ({sure.low:+.4f} to {sure.high:+.4f})"
    )
    return Measured(holds=sure.high >= -limit, message=message, value=value, interval=sure)


def no_better_than_chance(evidence: Evidence, limit: float) -> Measured:
    value, sure = evidence.scorer.facts.metrics["auc"], interval(evidence.aucs)
    message = f"out-of-fold AUC {value:.4f} ({sure.low:.4f} to {sure.high:.4f})"
    return Measured(holds=sure.low > limit, message=message, value=value, interval=sure)


def too_good(evidence: Evidence, limit: float) -> Measured:
    value, sure = evidence.scorer.facts.metrics["auc"], interval(evidence.aucs)
    message = f"out-of-fold AUC {value:.4f} ({sure.low:.4f} to {sure.high:.4f})"
    return Measured(holds=sure.low <= limit, message=message, value=value, interval=sure)


def leaking_feature(evidence: Evidence, limit: float) -> Measured:
    """The strongest by its value, either way, with unknown as the lowest and as the highest."""
    labels, importance = evidence.material.labels, evidence.scorer.facts.importance
    leading = sorted(enumerate(CATALOGUE), key=lambda place: -importance[place[1]])[:LEADING]
    everyone = np.ones(len(labels))
    alone = {name: _alone(labels, evidence.matrix[:, place]) for place, name in leading}
    strongest = max(alone, key=lambda name: alone[name].auc(everyone))
    value = alone[strongest].auc(everyone)
    drawn = [alone[strongest].auc(weights) for weights in resamples(len(labels), evidence.seed)]
    sure = interval(drawn)
    message = (
        f"the strongest feature alone, {strongest}, has an AUC of {value:.4f} ({sure.low:.4f} to "
        f"{sure.high:.4f})"
    )
    return Measured(holds=sure.low <= limit, message=message, value=value, interval=sure)


def _alone(labels: Labels, column: Matrix) -> Ranking:
    """The clients in the order of one feature that tells them apart best."""
    everyone, cells = np.ones(len(labels)), column.astype(np.float64)
    orders = [
        Ranking(labels, sign * np.where(np.isnan(cells), unknown, cells))
        for sign in (1, -1)
        for unknown in (-np.inf, np.inf)
    ]
    return max(orders, key=lambda order: order.auc(everyone))


def served_otherwise(evidence: Evidence, limit: float) -> Measured:
    """It answers as the fitted booster, and ranks clients it learnt from no worse than others."""
    labels, everyone = evidence.material.labels, np.ones(len(evidence.material))
    value = Ranking(labels, evidence.served).auc(everyone)
    sure = interval(evidence.aucs)
    fitted = evidence.fitted.booster.predict(evidence.matrix[:COMPARED], num_threads=1)
    apart = float(np.abs(evidence.served[:COMPARED] - np.asarray(fitted)).max())
    message = (
        f"as served AUC {value:.4f} on the clients it learnt from, out of fold at least "
        f"{sure.low:.4f}; risks {apart:.1e} from the fitted booster's at most"
    )
    return Measured(holds=value >= sure.low - limit and not apart, message=message, value=value)


def unstable(evidence: Evidence, limit: float) -> Measured | NotApplicable:
    """The deviation of the folds' AUC, less what folds of this size differ by of themselves."""
    labels, risks, fold = evidence.material.labels, evidence.fitted.unseen, evidence.fitted.fold
    aucs, variances = [], []
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        if not 0 < labels[rows].sum() < len(rows):
            return NotApplicable("a fold has clients of one kind only")
        ranking = Ranking(labels[rows], risks[rows])
        aucs.append(ranking.auc(np.ones(len(rows))))
        variances.append(
            np.var([ranking.auc(drawn) for drawn in resamples(len(rows), evidence.seed)])
        )
    value, noise = float(np.std(aucs, ddof=1)), float(np.sqrt(np.mean(variances)))
    freedom = len(aucs) - 1
    beyond = value**2 - noise**2 * chi2.ppf(CHANCE, freedom) / freedom
    message = (
        f"AUC of the folds {min(aucs):.4f} to {max(aucs):.4f}: a deviation of {value:.4f}, where "
        f"chance alone makes {noise:.4f}"
    )
    sure = Interval(float(np.sqrt(max(beyond, 0.0))), value)
    return Measured(holds=beyond <= limit**2, message=message, value=value, interval=sure)


GATES = (
    Gate(
        code="CRG101",
        title="Discrimination against the champion",
        measure=below_champion,
        what_to_do="Keep the champion. Look at the ablation and at what changed in the data or "
        "the features since it was trained.",
    ),
    Gate(
        code="CRG102",
        title="Discrimination above chance",
        measure=no_better_than_chance,
        what_to_do="Check that TARGET belongs to these clients (a join by position, a shuffled "
        "file, 0 and 1 exchanged); else train on more clients.",
    ),
    Gate(
        code="CRG103",
        title="Discrimination that can be believed",
        measure=too_good,
        what_to_do="Something known only after the decision is in the data: remove the leading "
        "features one by one, and ask when each of their columns is filled.",
    ),
    Gate(
        code="CRG104",
        title="Strongest feature alone",
        measure=leaking_feature,
        what_to_do="Ask when the columns it rests on are filled; a column written after the loan "
        "was granted must not be read.",
    ),
    Gate(
        code="CRG105",
        title="The served model is the evaluated one",
        measure=served_otherwise,
        what_to_do="The score is inverted, or the trees, categories or calibration were damaged "
        "on their way into the model: compare the scorer with the booster that was fitted.",
    ),
    Gate(
        code="CRG109",
        title="Stability across folds",
        measure=unstable,
        what_to_do="Look at who is in the fold that differs; a mixture of populations, or too few "
        "clients for so free a model.",
    ),
)
