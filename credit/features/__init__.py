"""From dossiers to the matrix the model sees: the only place where features are made.

Training, the service, the batch and monitoring all call `build`; none keeps a list of columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from credit.dossier import Dossiers, Floats, Words
from credit.features.category_encoder import Categories
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Feature, Risk, Unit, unique
from credit.features.definitions.application import FORM
from credit.features.definitions.application_ratios import RATIOS
from credit.features.definitions.bureau import BUREAU
from credit.features.definitions.credit_card_balance import CARD
from credit.features.definitions.derived import COMBINED, Combiner
from credit.features.definitions.external_scores import SCORES
from credit.features.definitions.installments_payments import INSTALMENTS
from credit.features.definitions.pos_cash_balance import POS
from credit.features.definitions.previous_application import PREVIOUS
from credit.features.expressions.nan_arithmetic import GREATEST
from credit.features.expressions.vectorised import Together
from credit.features.kernel.aggregation import Kernel

__all__ = [
    "AT_ONCE",
    "CATALOGUE",
    "COLUMNS",
    "HISTORIES",
    "Categories",
    "Concept",
    "Feature",
    "Matrix",
    "Risk",
    "Unit",
    "build",
    "words_of",
]

Matrix = NDArray[np.float32]

AT_ONCE = 128
"""Dossiers computed at once: what they fill stays in the processor's cache."""

_FORMS = (FORM, RATIOS, SCORES)
HISTORIES = (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD)
"""What features of the histories are declared in, in the order of the matrix's columns."""
_KERNEL = Kernel(*HISTORIES)

_SINGLE = unique(
    [
        *(feature for form in _FORMS for feature in form.features()),
        *(feature for source in HISTORIES for feature in source.features()),
    ]
)

CATALOGUE: Mapping[str, Feature] = MappingProxyType(
    unique([*_SINGLE.values(), *COMBINED.features(_SINGLE)])
)
"""Every feature by name, in the order of the matrix's columns."""

_PLACE = {name: place for place, name in enumerate(CATALOGUE)}
_NUMBERS = {name: compute for form in _FORMS for name, (_, compute) in form.numbers.items()}
_FORM = Together(list(_NUMBERS.values()))
_FORM_PLACES = np.array([_PLACE[name] for name in _NUMBERS])
_WORDS = {name: column for form in _FORMS for name, (_, column) in form.words.items()}
_FIRST_OF_HISTORIES = _PLACE[next(HISTORIES[0].features()).name]
_COMBINER = Combiner(COMBINED, _PLACE)


def _columns_needed() -> dict[str, tuple[str, ...]]:
    needed: defaultdict[str, set[str]] = defaultdict(set)
    for feature in CATALOGUE.values():
        for source in feature.sources:
            table, column = source.split(".")
            needed[table].add(column)
    for history in HISTORIES:
        for part in filter(None, (history, history.child)):
            needed[part.table.name] |= set(part.order)
            needed[part.table.name] |= {history.child_key or part.order[0]}
    return {table: tuple(sorted(columns)) for table, columns in needed.items()}


COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(_columns_needed())
"""The raw columns that features rest on, table by table."""


def build(dossiers: Dossiers, categories: Categories) -> Matrix:
    """One row a dossier, one column a feature, in the order of `CATALOGUE`.

    A row depends on its own dossier alone: not on the batch, not on the order of its rows.

    Returns:
        Shape (dossiers, features), float32. NaN means unknown and is never filled: what a gap
        means is for the model to learn.
    """
    matrix = np.empty((len(dossiers), len(CATALOGUE)), dtype=np.float32)
    few = [dossiers] if len(dossiers) <= AT_ONCE else dossiers.parts(AT_ONCE)
    end = 0
    for part in few:
        begin, end = end, end + len(part)
        matrix[begin:end] = _columns_of(part, categories).T
    return matrix


def _columns_of(dossiers: Dossiers, categories: Categories) -> Floats:
    """Shape (features, dossiers)."""
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is cut below
        columns = _computed(dossiers, categories)
    np.minimum(np.maximum(columns, -GREATEST, out=columns), GREATEST, out=columns)
    # There is a -NaN, and it would be another bit.
    np.copyto(columns, np.nan, where=np.isnan(columns))
    return columns


def _computed(dossiers: Dossiers, categories: Categories) -> Floats:
    form = dossiers.tables["application"]
    matrix = np.empty((len(CATALOGUE), len(dossiers)))
    matrix[_FORM_PLACES] = _FORM(form)
    for name, column in _WORDS.items():
        matrix[_PLACE[name]] = categories.encode(name, form.words(column))
    told = _KERNEL.features(dossiers).T
    matrix[_FIRST_OF_HISTORIES:][: len(told)] = told
    _COMBINER.fill(matrix)
    return matrix


def words_of(dossiers: Dossiers) -> dict[str, Words]:
    """The categories of the form as they stand, by feature, for `Categories.fit`."""
    form = dossiers.tables["application"]
    return {name: form.words(column) for name, column in _WORDS.items()}
