"""How categories become numbers: a mapping fitted in training and kept with the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from credit.dossier import Floats, Words

RARE = 30
"""Fewer clients than this teach nothing about a category, and could tell who they are."""


@dataclass(frozen=True)
class Categories:
    """The categories a model knows, feature by feature; a category's code is its position."""

    known: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, columns: Mapping[str, Words]) -> Self:
        """Learn the categories of some clients: the frequent ones, most frequent first.

        >>> words = Words(np.array([0] * 40 + [1] * 60 + [2] * 3, np.int32), ("a", "b", "c"))
        >>> Categories.fit({"letter": words}).known
        {'letter': ('b', 'a')}
        """
        return cls({name: _frequent(words) for name, words in columns.items()})

    def encode(self, name: str, words: Words) -> Floats:
        """Codes as float64; NaN for an unknown cell and for a category never learnt."""
        code_of = self._codes[name]
        codes = np.array([*(code_of.get(word, np.nan) for word in words.vocabulary), np.nan])
        return codes[words.codes]

    @cached_property
    def _codes(self) -> dict[str, dict[str, float]]:
        return {
            name: {word: float(code) for code, word in enumerate(words)}
            for name, words in self.known.items()
        }

    def word(self, name: str, code: float) -> str | None:
        """The category behind a code of the matrix."""
        return None if np.isnan(code) else self.known[name][int(code)]


def _frequent(words: Words) -> tuple[str, ...]:
    times = Counter({
        word: int((words.codes == code).sum()) for code, word in enumerate(words.vocabulary)
    })  # fmt: skip
    frequent = [word for word in times if times[word] >= RARE]
    return tuple(sorted(frequent, key=lambda word: (-times[word], word)))
