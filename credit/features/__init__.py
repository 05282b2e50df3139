"""From dossiers to the matrix the model sees: the only place where features are made.

Training, the service, the batch and monitoring all call `build`; none keeps a list of columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from credit.dossier import CategoricalColumn, DossierBatch, Floats
from credit.features.category_encoder import CategoryEncoder
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Feature, RiskDirection, Unit, by_name
from credit.features.definitions.application import FORM
from credit.features.definitions.application_ratios import RATIOS
from credit.features.definitions.bureau import BUREAU
from credit.features.definitions.credit_card_balance import CARD
from credit.features.definitions.derived import DERIVED, DerivedFeatureEvaluator
from credit.features.definitions.external_scores import EXTERNAL_SCORES
from credit.features.definitions.installments_payments import INSTALMENTS
from credit.features.definitions.pos_cash_balance import POS
from credit.features.definitions.previous_application import PREVIOUS
from credit.features.expressions.nan_arithmetic import MAX_FEATURE_MAGNITUDE
from credit.features.expressions.vectorised import VectorisedExpressions
from credit.features.kernel.aggregation import Kernel

__all__ = [
    "CATALOGUE",
    "COLUMNS",
    "DOSSIERS_PER_CHUNK",
    "HISTORY_FEATURES",
    "CategoryEncoder",
    "Concept",
    "Feature",
    "Matrix",
    "RiskDirection",
    "Unit",
    "build",
    "extract_category_columns",
]

Matrix = NDArray[np.float32]

DOSSIERS_PER_CHUNK = 128
"""Dossiers computed at once: what they fill stays in the processor's cache."""

_FORM_FEATURES = (FORM, RATIOS, EXTERNAL_SCORES)
HISTORY_FEATURES = (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD)
"""What features of the histories are declared in, in the order of the matrix's columns."""
_KERNEL = Kernel(*HISTORY_FEATURES)

_BASE_FEATURES = by_name(
    [
        *(feature for form in _FORM_FEATURES for feature in form.iter_features()),
        *(feature for history in HISTORY_FEATURES for feature in history.iter_features()),
    ]
)

CATALOGUE: Mapping[str, Feature] = MappingProxyType(
    by_name([*_BASE_FEATURES.values(), *DERIVED.build_features(_BASE_FEATURES)])
)
"""Every feature by name, in the order of the matrix's columns."""

_FEATURE_INDEX = {name: index for index, name in enumerate(CATALOGUE)}
_NUMERIC_EXPRESSIONS = {
    name: compute
    for form in _FORM_FEATURES
    for name, (_, compute) in form.numeric_features.items()
}
_FORM_EXPRESSIONS = VectorisedExpressions(list(_NUMERIC_EXPRESSIONS.values()))
_FORM_INDICES = np.array([_FEATURE_INDEX[name] for name in _NUMERIC_EXPRESSIONS])
_CATEGORY_COLUMNS = {
    name: column
    for form in _FORM_FEATURES
    for name, (_, column) in form.categorical_features.items()
}
_FIRST_HISTORY_INDEX = _FEATURE_INDEX[next(HISTORY_FEATURES[0].iter_features()).name]
_DERIVED_EVALUATOR = DerivedFeatureEvaluator(DERIVED, _FEATURE_INDEX)


def _collect_required_columns() -> dict[str, tuple[str, ...]]:
    columns_by_table: defaultdict[str, set[str]] = defaultdict(set)
    for feature in CATALOGUE.values():
        for source in feature.sources:
            table, column = source.split(".")
            columns_by_table[table].add(column)
    for history in HISTORY_FEATURES:
        for level in filter(None, (history, history.child)):
            columns_by_table[level.table.name] |= set(level.order_by)
            columns_by_table[level.table.name] |= {history.child_key or level.order_by[0]}
    return {table: tuple(sorted(columns)) for table, columns in columns_by_table.items()}


COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(_collect_required_columns())
"""The raw columns that features rest on, table by table."""


def build(dossiers: DossierBatch, categories: CategoryEncoder) -> Matrix:
    """One row a dossier, one column a feature, in the order of `CATALOGUE`.

    A row depends on its own dossier alone: not on the batch, not on the order of its rows.

    Returns:
        Shape (dossiers, features), float32. NaN means unknown and is never filled: what a gap
        means is for the model to learn.
    """
    matrix = np.empty((len(dossiers), len(CATALOGUE)), dtype=np.float32)
    chunks = (
        [dossiers] if len(dossiers) <= DOSSIERS_PER_CHUNK else dossiers.chunks(DOSSIERS_PER_CHUNK)
    )
    end = 0
    for chunk in chunks:
        begin, end = end, end + len(chunk)
        matrix[begin:end] = _compute_clipped_columns(chunk, categories).T
    return matrix


def _compute_clipped_columns(dossiers: DossierBatch, categories: CategoryEncoder) -> Floats:
    """Shape (features, dossiers)."""
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is cut below
        columns = _compute_columns(dossiers, categories)
    np.minimum(
        np.maximum(columns, -MAX_FEATURE_MAGNITUDE, out=columns),
        MAX_FEATURE_MAGNITUDE,
        out=columns,
    )
    # There is a -NaN, and it would be another bit.
    np.copyto(columns, np.nan, where=np.isnan(columns))
    return columns


def _compute_columns(dossiers: DossierBatch, categories: CategoryEncoder) -> Floats:
    form = dossiers.tables["application"]
    matrix = np.empty((len(CATALOGUE), len(dossiers)))
    matrix[_FORM_INDICES] = _FORM_EXPRESSIONS(form)
    for name, column in _CATEGORY_COLUMNS.items():
        matrix[_FEATURE_INDEX[name]] = categories.encode(name, form.get_categorical(column))
    history_values = _KERNEL.compute_features(dossiers).T
    matrix[_FIRST_HISTORY_INDEX:][: len(history_values)] = history_values
    _DERIVED_EVALUATOR.fill(matrix)
    return matrix


def extract_category_columns(dossiers: DossierBatch) -> dict[str, CategoricalColumn]:
    """The categories of the form as they stand, by feature, for `Categories.fit`."""
    form = dossiers.tables["application"]
    return {name: form.get_categorical(column) for name, column in _CATEGORY_COLUMNS.items()}
