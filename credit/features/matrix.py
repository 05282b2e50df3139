"""Compute the feature matrix of dossiers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from credit.dossier import CategoricalColumn, DossierBatch, Floats
from credit.features.catalogue import CATALOGUE, FORM_FEATURES, HISTORY_FEATURES
from credit.features.declaration.derived_features import DerivedFeatureEvaluator
from credit.features.definitions.credit_terms import CREDIT_TERMS
from credit.features.definitions.derived import DERIVED
from credit.features.expressions.nan_arithmetic import MAX_FEATURE_MAGNITUDE
from credit.features.expressions.vectorised import VectorisedExpressions
from credit.features.fitted_features import FittedFeatures
from credit.features.kernel.aggregation import Kernel
from credit.features.loan_terms import estimate_credit_terms, extract_requested_credit

Matrix = NDArray[np.float32]
"""Shape (dossiers, features)."""

DOSSIERS_PER_CHUNK = 128
"""Dossiers computed at once, so that intermediate arrays fit into the processor's cache."""

_KERNEL = Kernel(*HISTORY_FEATURES)
FEATURE_INDEX = {name: index for index, name in enumerate(CATALOGUE)}
_NUMERIC_EXPRESSIONS = {
    name: compute for form in FORM_FEATURES for name, (_, compute) in form.numeric_features.items()
}
_FORM_EXPRESSIONS = VectorisedExpressions(list(_NUMERIC_EXPRESSIONS.values()))
_FORM_INDICES = np.array([FEATURE_INDEX[name] for name in _NUMERIC_EXPRESSIONS])
_CATEGORY_COLUMNS = {
    name: column
    for form in FORM_FEATURES
    for name, (_, column) in form.categorical_features.items()
}
_CREDIT_TERM_INDICES = np.array([FEATURE_INDEX[feature.name] for feature in CREDIT_TERMS])
CATEGORICAL_FEATURES = {column: name for name, column in _CATEGORY_COLUMNS.items()}
"""Categorical feature by the column of the form that it is read from."""
_FIRST_HISTORY_INDEX = FEATURE_INDEX[next(HISTORY_FEATURES[0].iter_features()).name]
_DERIVED_EVALUATOR = DerivedFeatureEvaluator(DERIVED, FEATURE_INDEX)


def build(dossiers: DossierBatch, fitted: FittedFeatures) -> Matrix:
    """Compute the feature matrix: one row per dossier, one column per feature of `CATALOGUE`.

    A row depends on its own dossier only, and not on the batch or the order of history rows.

    Returns:
        Shape (dossiers, features), float32. NaN means unknown and is never imputed; the model
            learns from it.
    """
    matrix = np.empty((len(dossiers), len(CATALOGUE)), dtype=np.float32)
    chunks = (
        [dossiers] if len(dossiers) <= DOSSIERS_PER_CHUNK else dossiers.chunks(DOSSIERS_PER_CHUNK)
    )
    end = 0
    for chunk in chunks:
        begin, end = end, end + len(chunk)
        matrix[begin:end] = _compute_clipped_columns(chunk, fitted).T
    return matrix


def _compute_clipped_columns(dossiers: DossierBatch, fitted: FittedFeatures) -> Floats:
    """Return the features, clipped to ±`MAX_FEATURE_MAGNITUDE`, shape (features, dossiers)."""
    with np.errstate(over="ignore", invalid="ignore"):  # overflows are clipped
        return clip_columns(_compute_columns(dossiers, fitted))


def clip_columns(columns: Floats) -> Floats:
    """Clip values to ±`MAX_FEATURE_MAGNITUDE` in place, and return them."""
    np.minimum(
        np.maximum(columns, -MAX_FEATURE_MAGNITUDE, out=columns),
        MAX_FEATURE_MAGNITUDE,
        out=columns,
    )
    # NaN may have its sign bit set; one NaN keeps matrices bit-identical.
    np.copyto(columns, np.nan, where=np.isnan(columns))
    return columns


def _compute_columns(dossiers: DossierBatch, fitted: FittedFeatures) -> Floats:
    form = dossiers.tables["application"]
    matrix = np.empty((len(CATALOGUE), len(dossiers)))
    matrix[_FORM_INDICES] = _FORM_EXPRESSIONS(form)
    for name, column in _CATEGORY_COLUMNS.items():
        matrix[FEATURE_INDEX[name]] = fitted.categories.encode(name, form.get_categorical(column))
    matrix[_CREDIT_TERM_INDICES] = estimate_credit_terms(
        extract_requested_credit(dossiers), fitted.loan_terms
    )
    history_values = _KERNEL.compute_features(dossiers).T
    matrix[_FIRST_HISTORY_INDEX:][: len(history_values)] = history_values
    _DERIVED_EVALUATOR.fill(matrix)
    return matrix


def extract_category_columns(dossiers: DossierBatch) -> dict[str, CategoricalColumn]:
    """Return the raw categorical column of each categorical feature, for `CategoryEncoder.fit`."""
    form = dossiers.tables["application"]
    return {name: form.get_categorical(column) for name, column in _CATEGORY_COLUMNS.items()}
