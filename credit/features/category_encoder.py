"""How categories become numbers: a mapping fitted in training and kept with the model."""

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
"""Fewer clients than this teach nothing about a category, and could tell who they are."""


@dataclass(frozen=True)
class CategoryEncoder:
    """The categories a model knows, feature by feature; a category's code is its position."""

    categories: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, columns: Mapping[str, CategoricalColumn]) -> Self:
        """Learn the categories of some clients: the frequent ones, most frequent first.

        >>> words = Words(np.array([0] * 40 + [1] * 60 + [2] * 3, np.int32), ("a", "b", "c"))
        >>> Categories.fit({"letter": words}).known
        {'letter': ('b', 'a')}
        """
        return cls({name: _select_frequent_categories(column) for name, column in columns.items()})

    def encode(self, name: str, column: CategoricalColumn) -> Floats:
        """Codes as float64; NaN for an unknown cell and for a category never learnt."""
        return _encode_vocabulary(self.categories[name], column.categories)[column.codes]

    def decode(self, name: str, code: float) -> str | None:
        """The category behind a code of the matrix."""
        return None if math.isnan(code) else self.categories[name][int(code)]


@lru_cache(maxsize=1_024)
def _encode_vocabulary(categories: tuple[str, ...], vocabulary: tuple[str, ...]) -> Floats:
    """The codes of a vocabulary's words, and NaN for what is no word; kept for dossiers alike."""
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
