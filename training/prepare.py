"""Dossiers made ready to learn from: a matrix, labels, and what must be fitted inside folds."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from credit.dossier import Bools, Dossiers, Floats, Integers, Words
from credit.features import (
    CATALOGUE,
    COLUMNS,
    Categories,
    Feature,
    Matrix,
    build,
    words_of,
)
from credit.schema import HISTORIES
from stores.dossiers import DossierFile

WITHOUT_ANY = 0.10
"""Share of clients whose histories are all hidden in training: those whom nobody knows."""

WITHOUT_ONE = 0.05
"""Share of the others whose history is hidden, table by table."""

CATEGORICAL = [name for name, feature in CATALOGUE.items() if feature.categorical]

Labels = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Material:
    """Labelled clients, side by side."""

    ids: Integers
    labels: Labels
    matrix: Matrix
    """Shape (clients, features); categories are still unknown in it."""
    words: Mapping[str, Words]
    """The categories as they stand, by feature."""
    known: Mapping[str, Bools]
    """Of each history, whether it is known of a client once some are hidden."""
    features: Mapping[str, Feature] = field(default_factory=lambda: CATALOGUE)
    """What the columns of the matrix are, in their order."""

    def __len__(self) -> int:
        return len(self.labels)

    def encoded(self, categories: Categories) -> Matrix:
        """The matrix with the categories in their places."""
        matrix = self.matrix.copy()
        for place, name in enumerate(self.features):
            if name in self.words:
                matrix[:, place] = categories.encode(name, self.words[name])
        return matrix

    def fit_categories(self, rows: Integers) -> Categories:
        """The categories that these clients teach."""
        return Categories.fit({name: words.take(rows) for name, words in self.words.items()})

    def without(self, names: Container[str]) -> Self:
        """The same clients with fewer features."""
        kept = {name: feature for name, feature in self.features.items() if name not in names}
        return replace(
            self,
            matrix=self.matrix[:, [name in kept for name in self.features]],
            words={name: words for name, words in self.words.items() if name in kept},
            features=kept,
        )

    def beside(self, feature: Feature, cells: Floats) -> Self:
        """The same clients with one more number, for a measurement: no scorer builds it."""
        return replace(
            self,
            matrix=np.column_stack([self.matrix, cells.astype(np.float32)]),
            features={**self.features, feature.name: feature},
        )

    def only(self, rows: Integers) -> Self:
        """Fewer clients with the same features."""
        return replace(
            self,
            ids=self.ids[rows],
            labels=self.labels[rows],
            matrix=self.matrix[rows],
            words={name: words.take(rows) for name, words in self.words.items()},
            known={name: known[rows] for name, known in self.known.items()},
        )


def prepare(file: DossierFile, *, seed: int, progress: Callable[[int], object]) -> Material:
    """Build every client's features, with some histories hidden.

    A model that never saw an absent history would take it for a client without credits. Hiding is
    seeded by the client's place in the file.
    """
    rng = np.random.default_rng(seed)
    nothing = Categories(dict.fromkeys(CATEGORICAL, ()))
    parts: list[Matrix] = []
    words: list[Mapping[str, Words]] = []
    known: list[Mapping[str, Bools]] = []
    for batch in file.batches(COLUMNS):
        dossiers = hide(batch, rng)
        parts.append(build(dossiers, nothing))
        words.append(words_of(dossiers))
        known.append({name: dossiers.tables[name].known for name in HISTORIES})
        progress(len(dossiers))
    return Material(
        ids=file.ids,
        labels=file.labels,
        matrix=np.concatenate(parts),
        words={name: Words.joined([part[name] for part in words]) for name in CATEGORICAL},
        known={name: np.concatenate([part[name] for part in known]) for name in HISTORIES},
    )


def hide(dossiers: Dossiers, rng: np.random.Generator) -> Dossiers:
    """Make histories unknown of some clients: all of them, or one by one."""
    of_nobody = rng.random(len(dossiers)) < WITHOUT_ANY
    for name in HISTORIES:
        whose = of_nobody | (rng.random(len(dossiers)) < WITHOUT_ONE)
        dossiers = dossiers.without(name, whose)
    return dossiers


def drawn(material: Material, clients: int, *, seed: int) -> Integers:
    """Places of some clients drawn at random, with the share of difficulties there is."""
    places = np.arange(len(material))
    rows, _ = train_test_split(
        places, train_size=clients, stratify=material.labels, random_state=seed
    )
    return np.sort(rows)
