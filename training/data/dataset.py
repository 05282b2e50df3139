"""Dossiers made ready to learn from: a matrix, labels, and what must be fitted inside folds.

dossiers ─┬─► judged clients, as they are ──────────────► taught(a fold) ──► fit
          └─► copies of some with histories hidden ─┐          ▲
other tables ──► clients who only teach ────────────┴► teachers ┘
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

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
from stores.dossiers.parquet import DossierFile

WITHOUT_ANY = 0.05
"""Share of clients copied with all histories hidden: those whom nobody knows."""

WITHOUT_ONE = 0.01
"""Share of clients copied with a history hidden, table by table."""

NOBODY = -1
"""Whose copy a client of other tables is."""

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
    """Of each history, whether it is known of a client."""
    features: Mapping[str, Feature] = field(default_factory=lambda: CATALOGUE)
    """What the columns of the matrix are, in their order."""
    teachers: Teachers | None = None
    """Clients to learn from beside these."""

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

    def taught(self, learn: Integers) -> Material:
        """Everyone who teaches where these clients do: they, their copies, those of other tables.

        Args:
            learn: Places of clients who are not judged by what is learnt.
        """
        learners = replace(self, teachers=None).only(learn)
        if self.teachers is None:
            return learners
        beside = self.teachers.where(learn, len(self))
        return self.together([learners, beside.labelled(learners.labels)])

    @classmethod
    def together(cls, parts: Sequence[Material]) -> Material:
        """Clients one below the other, with the features of the first."""
        first = parts[0]
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            matrix=np.concatenate([part.matrix for part in parts]),
            words={n: Words.joined([part.words[n] for part in parts]) for n in first.words},
            known={n: np.concatenate([part.known[n] for part in parts]) for n in first.known},
            features=first.features,
        )

    def without(self, names: Container[str]) -> Self:
        """The same clients with fewer features."""
        kept = {name: feature for name, feature in self.features.items() if name not in names}
        return replace(
            self,
            matrix=self.matrix[:, [name in kept for name in self.features]],
            words={name: words for name, words in self.words.items() if name in kept},
            features=kept,
            teachers=self.teachers and self.teachers.changed(lambda own, _: own.without(names)),
        )

    def beside(self, feature: Feature, cells: Floats) -> Self:
        """The same clients with one more number, for a measurement: no scorer builds it."""
        return replace(
            self,
            matrix=np.column_stack([self.matrix, cells.astype(np.float32)]),
            features={**self.features, feature.name: feature},
            teachers=self.teachers
            and self.teachers.changed(
                lambda own, whose: own.beside(feature, np.append(cells, np.nan)[whose])
            ),
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
            teachers=self.teachers and self.teachers.where(rows, len(self)),
        )


@dataclass(frozen=True, kw_only=True)
class Teachers:
    """Clients to learn from whom no model is judged by."""

    material: Material
    copies: Integers
    """Of whom each is a copy, as a place among the judged clients; `NOBODY` of other tables."""

    def where(self, rows: Integers, judged: int) -> Self:
        """Those who may teach where only these of the judged clients do, in their new places."""
        places = np.full(judged + 1, -2)
        places[rows] = np.arange(len(rows))
        places[NOBODY] = NOBODY
        kept = np.flatnonzero(places[self.copies] >= NOBODY)
        return replace(self, material=self.material.only(kept), copies=places[self.copies[kept]])

    def labelled(self, labels: Labels) -> Material:
        """The clients; a copy has the label of whom it is a copy of."""
        own = self.material.labels
        told = np.append(labels, np.int8(0))[self.copies]
        return replace(self.material, labels=np.where(self.copies == NOBODY, own, told))

    def changed(self, change: Callable[[Material, Integers], Material]) -> Self:
        """The same clients with other features."""
        return replace(self, material=change(self.material, self.copies))

    def joined(self, others: Material) -> Self:
        """These, and clients of other tables."""
        strangers = np.full(len(others), NOBODY)
        return replace(
            self,
            material=Material.together([self.material, others]),
            copies=np.concatenate([self.copies, strangers]),
        )


def prepare(file: DossierFile, *, seed: int, progress: Callable[[int], object]) -> Material:
    """Build every client's features, and copies of some clients with histories hidden.

    A model that never saw an absent history would take it for a client without credits. Hiding is
    seeded by the client's place in the file.
    """
    rng = np.random.default_rng(seed)
    ids, labels = file.ids, file.labels
    judged: list[Material] = []
    copies: list[Teachers] = []
    start = 0
    for batch in file.batches(COLUMNS):
        places = np.arange(start, start + len(batch))
        start += len(batch)
        judged.append(material_of(batch, ids[places], labels[places]))
        copies.append(copies_of(batch, judged[-1], places, rng))
        progress(len(batch))
    teachers = Teachers(
        material=Material.together([part.material for part in copies]),
        copies=np.concatenate([part.copies for part in copies]),
    )
    return replace(Material.together(judged), teachers=teachers)


def material_of(dossiers: Dossiers, ids: Integers, labels: Labels) -> Material:
    """Dossiers with their labels, all of them judged."""
    return Material(
        ids=ids,
        labels=labels,
        matrix=build(dossiers, Categories(dict.fromkeys(CATEGORICAL, ()))),
        words=words_of(dossiers),
        known={name: dossiers.tables[name].known for name in HISTORIES},
    )


def copies_of(
    dossiers: Dossiers, judged: Material, places: Integers, rng: np.random.Generator
) -> Teachers:
    """Copies of those dossiers that are drawn, and have a history to hide.

    Args:
        judged: The dossiers as they are.
        places: Theirs, among all judged clients.
    """
    hidden = hide(dossiers, rng)
    lost = [judged.known[name] & ~hidden.tables[name].known for name in HISTORIES]
    rows = np.flatnonzero(np.any(lost, axis=0))
    material = material_of(hidden.only(rows), judged.ids[rows], judged.labels[rows])
    return Teachers(material=material, copies=places[rows])


def hide(dossiers: Dossiers, rng: np.random.Generator) -> Dossiers:
    """Make histories unknown of some clients: all of them, or one by one."""
    of_nobody = rng.random(len(dossiers)) < WITHOUT_ANY
    for name in HISTORIES:
        whose = of_nobody | (rng.random(len(dossiers)) < WITHOUT_ONE)
        dossiers = dossiers.without(name, whose)
    return dossiers


def drawn(material: Material, clients: int, *, seed: int) -> Integers:
    """Places of some clients drawn at random, with the share of difficulties there is."""
    chance = np.random.default_rng(seed)
    difficult, good = np.flatnonzero(material.labels == 1), np.flatnonzero(material.labels == 0)
    share = round(clients * len(difficult) / len(material))
    rows = [chance.choice(difficult, share, replace=False)]
    rows.append(chance.choice(good, clients - share, replace=False))
    return np.sort(np.concatenate(rows))
