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
from credit.features.aggregate import Kernel
from credit.features.application import FORM
from credit.features.bureau import BUREAU
from credit.features.card import CARD
from credit.features.categories import Categories
from credit.features.cells import GREATEST
from credit.features.combined import COMBINED, parts
from credit.features.concepts import Concept
from credit.features.consumer import POS
from credit.features.declare import Feature, Risk, Unit, unique
from credit.features.external import SCORES
from credit.features.previous import PREVIOUS
from credit.features.ratios import RATIOS
from credit.features.repayment import INSTALMENTS

__all__ = [
    "CATALOGUE",
    "COLUMNS",
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

_FORMS = (FORM, RATIOS, SCORES)
_KERNELS = tuple(Kernel(source) for source in (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD))

_SINGLE = unique(
    [
        *(feature for form in _FORMS for feature in form.features()),
        *(feature for kernel in _KERNELS for feature in kernel.source.features()),
    ]
)

CATALOGUE: Mapping[str, Feature] = MappingProxyType(
    unique([*_SINGLE.values(), *COMBINED.features(_SINGLE)])
)
"""Every feature by name, in the order of the matrix's columns."""

_PLACE = {name: place for place, name in enumerate(CATALOGUE)}
_PARTS = {
    name: [_PLACE[part] for part in parts(compute)]
    for name, (compute, _) in COMBINED.declared.items()
}


def _columns_needed() -> dict[str, tuple[str, ...]]:
    needed: defaultdict[str, set[str]] = defaultdict(set)
    for feature in CATALOGUE.values():
        for source in feature.sources:
            table, column = source.split(".")
            needed[table].add(column)
    for kernel in _KERNELS:
        for part in filter(None, (kernel, kernel.child)):
            needed[part.source.table.name] |= set(part.source.order)
            needed[part.source.table.name] |= {kernel.source.child_key or part.source.order[0]}
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
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is cut below
        matrix = _columns_of(dossiers, categories)
    matrix = np.clip(matrix, -GREATEST, GREATEST)
    matrix[np.isnan(matrix)] = np.nan  # there is a -NaN, and it would be another bit
    return matrix.astype(np.float32)


def _columns_of(dossiers: Dossiers, categories: Categories) -> Floats:
    form = dossiers.tables["application"]
    matrix = np.empty((len(dossiers), len(CATALOGUE)))
    at = 0
    for declared in _FORMS:
        for _, compute in declared.numbers.values():
            matrix[:, at] = compute(form)
            at += 1
        for name, (_, column) in declared.words.items():
            matrix[:, at] = categories.encode(name, form.words(column))
            at += 1
    for kernel in _KERNELS:
        told = kernel.features(dossiers)
        matrix[:, at : at + told.shape[1]] = told
        at += told.shape[1]
    for name, (compute, _) in COMBINED.declared.items():
        matrix[:, at] = compute(*(matrix[:, part] for part in _PARTS[name]))
        at += 1
    return matrix


def words_of(dossiers: Dossiers) -> dict[str, Words]:
    """The categories of the form as they stand, by feature, for `Categories.fit`."""
    form = dossiers.tables["application"]
    return {name: form.words(column) for name, (_, column) in FORM.words.items()}
