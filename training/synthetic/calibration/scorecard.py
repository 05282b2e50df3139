"""Fit the scorecard to labelled forms.

    labelled forms -> boosted trees -> their log-odds on all forms -> additive curves

The trees learn the signal in 14,000 forms. The curves keep its additive part, which has nearly the
same area under the ROC curve on unseen rows, and no information on single rows.
"""

from __future__ import annotations

from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import polars as pl

from credit.schema import APPLICATION, ColumnKind
from training.synthetic.calibration.estimators import StoredAggregate, round_significant
from training.synthetic.labels.application_risk import RATIOS, compute_measure
from training.synthetic.sampling.marginals import MISSING, Floats

CATEGORICAL_MEASURES = tuple(
    name for name, c in APPLICATION.columns.items() if c.kind is ColumnKind.CATEGORY
)
NUMERIC_MEASURES = (
    *(
        name
        for name, c in APPLICATION.columns.items()
        if c.kind not in {ColumnKind.CATEGORY, ColumnKind.ID}
    ),
    *RATIOS,
)
KNOT_LEVELS = (0.01, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.99)
N_BAGS = 5
TREES_PER_BAG = 350
LIGHTGBM_PARAMETERS = {
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
SMOOTHING_PENALTY = 20.0
"""Penalty on the difference of neighbouring knots, in squared log-odds of rows."""

MIN_ROWS_PER_EFFECT = 50
"""Minimum rows with a value or category for an effect of its own."""

MIN_LOG_ODDS_SPREAD = 0.01
"""Measures with a smaller spread of log-odds are dropped."""


def fit_scorecard(
    forms: pl.DataFrame, difficulties: Floats, unlabelled: pl.DataFrame
) -> StoredAggregate:
    """Fit curves and category weights to a tree model of the labelled forms, on all forms."""
    all_forms = pl.concat([forms, unlabelled])
    tree_log_odds = _predict_tree_log_odds(forms, difficulties, all_forms)
    return _fit_additive_model(all_forms, tree_log_odds)


def _predict_tree_log_odds(
    forms: pl.DataFrame, difficulties: Floats, all_forms: pl.DataFrame
) -> Floats:
    columns = [compute_measure(all_forms, name) for name in NUMERIC_MEASURES]
    columns += [
        all_forms[name].rank("dense").cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in CATEGORICAL_MEASURES
    ]
    matrix = np.column_stack(columns)
    categorical_indices = list(range(len(NUMERIC_MEASURES), len(columns)))
    total = np.zeros(all_forms.height)
    for seed in range(N_BAGS):
        dataset = lgb.Dataset(
            matrix[: forms.height], difficulties, categorical_feature=categorical_indices
        )
        booster = lgb.train({**LIGHTGBM_PARAMETERS, "seed": seed}, dataset, TREES_PER_BAG)
        total += np.asarray(booster.predict(matrix, raw_score=True))
    return total / N_BAGS


class _MeasureBlock(NamedTuple):
    """Columns of one measure in the design matrix, and how its weights become log-odds."""

    name: str
    design: Floats
    penalty_rows: Floats
    """Penalised differences of weights."""
    labels: list[float | str]
    """The knots, then the categories; `MISSING` is the missing value."""


def _fit_additive_model(forms: pl.DataFrame, target: Floats) -> StoredAggregate:
    blocks = [
        block
        for name in (*NUMERIC_MEASURES, *CATEGORICAL_MEASURES)
        if (
            block := _build_category_block(forms, name)
            if name in CATEGORICAL_MEASURES
            else _build_curve_block(forms, name)
        )
        is not None
    ]
    design = np.column_stack([block.design for block in blocks])
    center = design.mean(axis=0)
    centred = design - center
    penalty = np.zeros((design.shape[1], design.shape[1]))
    start = 0
    for block in blocks:
        size = block.design.shape[1]
        penalty[start : start + size, start : start + size] = (
            block.penalty_rows.T @ block.penalty_rows
        )
        start += size
    gram = centred.T @ centred + SMOOTHING_PENALTY * penalty
    weights = np.linalg.solve(gram, centred.T @ (target - target.mean()))
    parameters: StoredAggregate = {"curves": {}, "words": {}}
    start = 0
    for block in blocks:
        size = block.design.shape[1]
        log_odds = (
            weights[start : start + size]
            - center[start : start + size] @ weights[start : start + size]
        )
        start += size
        if np.std(block.design @ log_odds) >= MIN_LOG_ODDS_SPREAD:
            _store_effects(parameters, block, log_odds)
    return parameters


def _store_effects(parameters: StoredAggregate, block: _MeasureBlock, log_odds: Floats) -> None:
    effects = {
        label: round(float(effect), 3)
        for label, effect in zip(block.labels, log_odds, strict=True)
    }
    if block.name in CATEGORICAL_MEASURES:
        parameters["words"][block.name] = effects
        return
    unknown = effects.pop(MISSING, 0.0)
    parameters["curves"][block.name] = {
        "knots": list(effects),
        "log_odds": list(effects.values()),
        "unknown": unknown,
    }


def _build_curve_block(forms: pl.DataFrame, name: str) -> _MeasureBlock | None:
    values = compute_measure(forms, name)
    known = np.isfinite(values)
    knots = np.unique(
        [
            round_significant(v, 4)
            for v in np.quantile(values[known], KNOT_LEVELS, method="inverted_cdf")
        ]
    )
    if len(knots) == 1:
        other_values = values[known & (values != knots[0])]
        if len(other_values) < MIN_ROWS_PER_EFFECT:
            return None
        knots = np.unique([knots[0], round_significant(np.median(other_values), 4)])
    filled = np.where(known, values, knots[0])
    basis = np.column_stack([np.interp(filled, knots, unit) for unit in np.eye(len(knots))])
    labels: list[float | str] = [round_significant(k, 4) for k in knots]
    penalty_rows = np.diff(np.eye(len(knots)), axis=0)
    if (~known).sum() >= MIN_ROWS_PER_EFFECT:
        basis = np.column_stack([basis * known[:, None], ~known])
        deviation_from_mean = np.append(np.full(len(knots), 1 / len(knots)), -1.0)
        penalty_rows = np.vstack([np.pad(penalty_rows, ((0, 0), (0, 1))), deviation_from_mean])
        labels.append(MISSING)
    anchored_penalty = np.vstack([penalty_rows, np.full(basis.shape[1], 0.1)])
    return _MeasureBlock(name, basis, anchored_penalty, labels)


def _build_category_block(forms: pl.DataFrame, name: str) -> _MeasureBlock | None:
    categories = forms[name].fill_null(MISSING)
    counts = categories.value_counts().filter(pl.col("count") >= MIN_ROWS_PER_EFFECT).sort(name)
    labels = counts[name].to_list()
    design = np.column_stack([(categories == label).to_numpy() for label in labels]).astype(float)
    return _MeasureBlock(name, design, np.eye(len(labels)), labels)
