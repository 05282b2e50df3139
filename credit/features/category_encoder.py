"""Encode categories as integer codes, by a mapping fitted in training and stored with the model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from credit.dossier import CategoricalColumn, Floats

MIN_CLIENTS_PER_CATEGORY = 30
"""A rarer category is encoded as unknown: it is too rare to learn from, and could identify its clients."""


@dataclass(frozen=True)
class CategoryEncoder:
    """Categories known to a model, for each feature. The code of a category is its index."""

    categories: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, columns: Mapping[str, CategoricalColumn]) -> Self:
        """Learn the frequent categories of each feature, most frequent first.

        >>> codes = np.array([0] * 40 + [1] * 60 + [2] * 3, np.int32)
        >>> column = CategoricalColumn(codes, ("a", "b", "c"))
        >>> CategoryEncoder.fit({"letter": column}).categories
        {'letter': ('b', 'a')}
        """
        return cls({name: _select_frequent_categories(column) for name, column in columns.items()})

    def encode(self, name: str, column: CategoricalColumn) -> Floats:
        """Return the codes as float64; NaN for an unknown cell and for a category not seen in training."""
        return _encode_vocabulary(self.categories[name], column.categories)[column.codes]

    def decode(self, name: str, code: float) -> str | None:
        """Return the category of a code in the matrix; None for NaN."""
        return None if math.isnan(code) else self.categories[name][int(code)]


@lru_cache(maxsize=1_024)
def _encode_vocabulary(categories: tuple[str, ...], vocabulary: tuple[str, ...]) -> Floats:
    """Return the code of each word of a vocabulary, and a last NaN that code -1 (unknown) selects."""
    code_by_category = _index_categories(categories)
    return np.array([*(code_by_category.get(category, np.nan) for category in vocabulary), np.nan])


@lru_cache
def _index_categories(categories: tuple[str, ...]) -> dict[str, float]:
    return {category: float(code) for code, category in enumerate(categories)}


def _select_frequent_categories(column: CategoricalColumn) -> tuple[str, ...]:
    client_counts = Counter({
        category: int((column.codes == code).sum()) for code, category in enumerate(column.categories)
    })  # fmt: skip
    frequent = [
        category
        for category in client_counts
        if client_counts[category] >= MIN_CLIENTS_PER_CATEGORY
    ]
    return tuple(sorted(frequent, key=lambda category: (-client_counts[category], category)))
