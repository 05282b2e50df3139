"""Find the columns of an application form that are unknown to a model.

A column is unknown if it is absent, has a category that the model does not know, or is 0 where 0
means a blank field. A column that does not apply to the client, such as the age of the car without
a car, is not unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from credit.dossier import Bools, DossierBatch, Rows
from credit.features.catalogue import COLUMNS
from credit.features.matrix import CATEGORICAL_FEATURES, FEATURE_INDEX, Matrix
from credit.schema import APPLICATION, NEVER_DAYS

FORM_COLUMNS = tuple(column for column in COLUMNS[APPLICATION.name] if column != "SK_ID_CURR")
"""Columns of the form that features are computed from."""


def flag_unknown_columns(
    form: Rows, columns: tuple[str, ...], unknown_categories: Mapping[str, Bools]
) -> Bools:
    """Return which columns of the form are unknown, shape (columns, dossiers).

    Args:
        form: Application forms.
        columns: Names among `FORM_COLUMNS`.
        unknown_categories: By categorical column: true where the category is not known.
    """
    numeric_columns = _select_numeric(columns)
    numbers = form.select_columns(numeric_columns)
    raw = form.raw[form.layout.get_indices(numeric_columns)]
    unknown_numbers = np.isnan(numbers) & (raw != NEVER_DAYS)
    unknown_numbers |= (raw == 0) & _flag_zero_is_unknown(numeric_columns)
    unknown_by_column = dict(zip(numeric_columns, unknown_numbers, strict=True))
    unknown_by_column |= unknown_categories
    unknown = np.empty((len(columns), len(form)), dtype=np.bool_)
    for row, column in enumerate(columns):
        unknown[row] = unknown_by_column[column]
        if condition := APPLICATION[column].not_applicable_when:
            other, value = condition
            unknown[row] &= form.raw[form.layout.column_index[other]] != value
    return unknown


def flag_unlisted_categories(matrix: Matrix, columns: tuple[str, ...]) -> dict[str, Bools]:
    """Return by categorical column where the category is unknown or new to the model.

    Args:
        matrix: Features of the forms, built with the model's categories.
        columns: Names among `FORM_COLUMNS`; numeric ones are skipped.
    """
    return {
        column: np.isnan(matrix[:, FEATURE_INDEX[CATEGORICAL_FEATURES[column]]])
        for column in columns
        if column in CATEGORICAL_FEATURES
    }


def list_unknown_columns(
    dossiers: DossierBatch, matrix: Matrix, columns: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """Return the names of each dossier's unknown columns, in the order of `columns`."""
    form = dossiers.tables[APPLICATION.name]
    unknown = flag_unknown_columns(form, columns, flag_unlisted_categories(matrix, columns))
    names: list[tuple[str, ...]] = [()] * len(dossiers)
    for dossier in np.flatnonzero(unknown.any(axis=0)).tolist():
        names[dossier] = tuple(columns[row] for row in np.flatnonzero(unknown[:, dossier]))
    return names


@cache
def _select_numeric(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(column for column in columns if column not in CATEGORICAL_FEATURES)


@cache
def _flag_zero_is_unknown(columns: tuple[str, ...]) -> Bools:
    """Return whether 0 means unknown, shape (columns, 1)."""
    flags = [APPLICATION[column].zero_is_unknown for column in columns]
    return np.array(flags, dtype=np.bool_).reshape(-1, 1)
