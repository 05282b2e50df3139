"""Labelled forms -> the scorecard.

    labelled forms -> boosted trees -> their log-odds on all forms -> additive curves

Trees see what matters in 14,000 forms; curves keep what is additive in it, which is nearly all
(the same area under the ROC curve on unseen rows), without a trace of single rows.
"""

from __future__ import annotations

from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import polars as pl

from credit.schema import APPLICATION, Kind
from training.synthetic.calibration.estimators import NONE, Stored, sensible
from training.synthetic.labels.application_risk import RATIOS, measure
from training.synthetic.sampling.marginals import Numbers

WORDS = tuple(name for name, c in APPLICATION.columns.items() if c.kind is Kind.CATEGORY)
NUMBERS = (
    *(name for name, c in APPLICATION.columns.items() if c.kind not in {Kind.CATEGORY, Kind.ID}),
    *RATIOS,
)
KNOT_LEVELS = (0.01, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.99)
BAGS = 5
TREES = 350
SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_child_samples": 70,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 30.0,
    "cat_smooth": 50,
    "min_data_per_group": 100,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
}
SMOOTHING = 20.0
"""How dear a step between neighbouring knots is, in rows' squared log-odds."""

RAREST = 50
"""The fewest rows with a value or a word for which log-odds of their own are kept."""

WORTH = 0.01
"""Measures whose log-odds spread by less are left out."""


def scorecard(forms: pl.DataFrame, difficulties: Numbers, others: pl.DataFrame) -> Stored:
    """Curves and words that follow trees fitted to the labelled forms, also on `others`."""
    everyone = pl.concat([forms, others])
    teacher = _tree_log_odds(forms, difficulties, everyone)
    return _additive(everyone, teacher)


def _tree_log_odds(forms: pl.DataFrame, difficulties: Numbers, everyone: pl.DataFrame) -> Numbers:
    columns = [measure(everyone, name) for name in NUMBERS]
    columns += [
        everyone[name].rank("dense").cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in WORDS
    ]
    matrix = np.column_stack(columns)
    words = list(range(len(NUMBERS), len(columns)))
    total = np.zeros(everyone.height)
    for seed in range(BAGS):
        rows = lgb.Dataset(matrix[: forms.height], difficulties, categorical_feature=words)
        trees = lgb.train({**SETTINGS, "seed": seed}, rows, TREES)
        total += np.asarray(trees.predict(matrix, raw_score=True))
    return total / BAGS


class _Block(NamedTuple):
    """A measure's share of the design matrix, with what turns its weights into log-odds."""

    name: str
    design: Numbers
    steps: Numbers
    """Differences of weights that are penalised."""
    labels: list[float | str]
    """The knots, then the words; NONE is the unknown."""


def _additive(forms: pl.DataFrame, target: Numbers) -> Stored:
    blocks = [
        block
        for name in (*NUMBERS, *WORDS)
        if (block := _words(forms, name) if name in WORDS else _curve(forms, name)) is not None
    ]
    design = np.column_stack([block.design for block in blocks])
    center = design.mean(axis=0)
    centred = design - center
    penalty = np.zeros((design.shape[1], design.shape[1]))
    at = 0
    for block in blocks:
        size = block.design.shape[1]
        penalty[at : at + size, at : at + size] = block.steps.T @ block.steps
        at += size
    gram = centred.T @ centred + SMOOTHING * penalty
    weights = np.linalg.solve(gram, centred.T @ (target - target.mean()))
    kept: Stored = {"curves": {}, "words": {}}
    at = 0
    for block in blocks:
        size = block.design.shape[1]
        part = weights[at : at + size] - center[at : at + size] @ weights[at : at + size]
        at += size
        if np.std(block.design @ part) >= WORTH:
            _keep(kept, block, part)
    return kept


def _keep(kept: Stored, block: _Block, log_odds: Numbers) -> None:
    effects = {
        label: round(float(effect), 3)
        for label, effect in zip(block.labels, log_odds, strict=True)
    }
    if block.name in WORDS:
        kept["words"][block.name] = effects
        return
    unknown = effects.pop(NONE, 0.0)
    kept["curves"][block.name] = {
        "knots": list(effects),
        "log_odds": list(effects.values()),
        "unknown": unknown,
    }


def _curve(forms: pl.DataFrame, name: str) -> _Block | None:
    values = measure(forms, name)
    known = np.isfinite(values)
    knots = np.unique(
        [sensible(v, 4) for v in np.quantile(values[known], KNOT_LEVELS, method="inverted_cdf")]
    )
    if len(knots) == 1:
        rest = values[known & (values != knots[0])]
        if len(rest) < RAREST:
            return None
        knots = np.unique([knots[0], sensible(np.median(rest), 4)])
    filled = np.where(known, values, knots[0])
    hats = np.column_stack([np.interp(filled, knots, unit) for unit in np.eye(len(knots))])
    labels: list[float | str] = [sensible(k, 4) for k in knots]
    steps = np.diff(np.eye(len(knots)), axis=0)
    if (~known).sum() >= RAREST:
        hats = np.column_stack([hats * known[:, None], ~known])
        mean = np.append(np.full(len(knots), 1 / len(knots)), -1.0)
        steps = np.vstack([np.pad(steps, ((0, 0), (0, 1))), mean])
        labels.append(NONE)
    anchored = np.vstack([steps, np.full(hats.shape[1], 0.1)])
    return _Block(name, hats, anchored, labels)


def _words(forms: pl.DataFrame, name: str) -> _Block | None:
    words = forms[name].fill_null(NONE)
    counts = words.value_counts().filter(pl.col("count") >= RAREST).sort(name)
    labels = counts[name].to_list()
    design = np.column_stack([(words == label).to_numpy() for label in labels]).astype(float)
    return _Block(name, design, np.eye(len(labels)), labels)
