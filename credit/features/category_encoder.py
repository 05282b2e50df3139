"""How categories become numbers: a mapping fitted in training and kept with the model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
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
        return _codes(self.known[name], words.vocabulary)[words.codes]

    def word(self, name: str, code: float) -> str | None:
        """The category behind a code of the matrix."""
        return None if math.isnan(code) else self.known[name][int(code)]


@lru_cache(maxsize=1_024)
def _codes(known: tuple[str, ...], vocabulary: tuple[str, ...]) -> Floats:
    """The codes of a vocabulary's words, and NaN for what is no word; kept for dossiers alike."""
    code_of = _code_of(known)
    return np.array([*(code_of.get(word, np.nan) for word in vocabulary), np.nan])


@lru_cache
def _code_of(known: tuple[str, ...]) -> dict[str, float]:
    return {word: float(code) for code, word in enumerate(known)}


def _frequent(words: Words) -> tuple[str, ...]:
    times = Counter({
        word: int((words.codes == code).sum()) for code, word in enumerate(words.vocabulary)
    })  # fmt: skip
    frequent = [word for word in times if times[word] >= RARE]
    return tuple(sorted(frequent, key=lambda word: (-times[word], word)))
