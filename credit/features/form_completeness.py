"""Find the columns of an application form that are unknown to a model.

A column is unknown if it is absent, has a category that the model does not know, or is 0 where 0
means a blank field. A column that does not apply to the client, such as the age of the car without
a car, is not unknown.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from credit.dossier import Bools, DossierBatch, Integers, Rows
from credit.features.catalogue import COLUMNS
from credit.features.matrix import CATEGORICAL_FEATURES, FEATURE_INDEX, Matrix
from credit.schema import APPLICATION, NEVER_DAYS

FORM_COLUMNS = tuple(column for column in COLUMNS[APPLICATION.name] if column != "SK_ID_CURR")
"""Columns of the form that features are computed from."""


def flag_unknown_columns(form: Rows, columns: tuple[str, ...], unknown_categories: Bools) -> Bools:
    """Return which columns of the form are unknown, shape (columns, dossiers).

    Args:
        form: Application forms.
        columns: Names among `FORM_COLUMNS`.
        unknown_categories: True where a category is not known, shape (categorical columns,
            dossiers), in the order of `columns`.
    """
    plan = _make_plan(columns)
    indices = form.layout.get_indices(plan.numeric_columns)
    raw = form.raw.take(indices, axis=0)
    unknown_numbers = np.isnan(form.numbers.take(indices, axis=0)) & (raw != NEVER_DAYS)
    unknown_numbers |= (raw == 0) & plan.zero_is_unknown
    unknown: Bools = np.concatenate([unknown_numbers, unknown_categories]).take(plan.order, axis=0)
    for row, other_column, value in plan.conditions:
        unknown[row] &= form.raw[form.layout.column_index[other_column]] != value
    return unknown


def list_unknown_columns(
    dossiers: DossierBatch, matrix: Matrix, columns: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """Return the names of each dossier's unknown columns, in the order of `columns`.

    Args:
        dossiers: The dossiers.
        matrix: Their features; a category that is new to the model is NaN there.
        columns: Names among `FORM_COLUMNS`.
    """
    unknown_categories = np.isnan(matrix.take(_make_plan(columns).features, axis=1).T)
    form = dossiers.tables[APPLICATION.name]
    unknown = flag_unknown_columns(form, columns, unknown_categories)
    names: list[tuple[str, ...]] = [()] * len(dossiers)
    if unknown.any():
        for dossier in np.flatnonzero(unknown.any(axis=0)).tolist():
            names[dossier] = tuple(columns[row] for row in np.flatnonzero(unknown[:, dossier]))
    return names


class _Plan(NamedTuple):
    """What does not depend on the forms."""

    numeric_columns: tuple[str, ...]
    zero_is_unknown: Bools
    """Whether 0 means unknown, shape (numeric columns, 1)."""
    features: Integers
    """Indices of the categorical columns' features in the matrix."""
    order: Integers
    """Place of each column in the numeric columns followed by the categorical ones."""
    conditions: tuple[tuple[int, str, float], ...]
    """Index of a column, another column, and its value that makes the column meaningless."""


@cache
def _make_plan(columns: tuple[str, ...]) -> _Plan:
    numeric = [column for column in columns if column not in CATEGORICAL_FEATURES]
    categorical = [column for column in columns if column in CATEGORICAL_FEATURES]
    row_of = {column: index for index, column in enumerate([*numeric, *categorical])}
    flags = [APPLICATION[column].zero_is_unknown for column in numeric]
    features = [FEATURE_INDEX[CATEGORICAL_FEATURES[column]] for column in categorical]
    return _Plan(
        numeric_columns=tuple(numeric),
        zero_is_unknown=np.array(flags, dtype=np.bool_).reshape(-1, 1),
        features=np.array(features, dtype=np.int64),
        order=np.array([row_of[column] for column in columns], dtype=np.int64),
        conditions=tuple(
            (row, *condition)
            for row, column in enumerate(columns)
            if (condition := APPLICATION[column].not_applicable_when)
        ),
    )
