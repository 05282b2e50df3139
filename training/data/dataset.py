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

from credit.dossier import Bools, CategoricalColumn, DossierBatch, Floats, Integers
from credit.features import (
    CATALOGUE,
    COLUMNS,
    CategoryEncoder,
    Feature,
    Matrix,
    build,
    extract_category_columns,
)
from credit.schema import HISTORIES
from stores.dossiers.parquet import DossierFile

MASK_ALL_HISTORIES_SHARE = 0.05
"""Share of clients copied with all histories hidden: those whom nobody knows."""

MASK_ONE_HISTORY_SHARE = 0.01
"""Share of clients copied with a history hidden, table by table."""

NOT_A_COPY = -1
"""Whose copy a client of other tables is."""

CATEGORICAL_FEATURES = [name for name, feature in CATALOGUE.items() if feature.is_categorical]

Labels = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Labelled clients, side by side."""

    ids: Integers
    labels: Labels
    matrix: Matrix
    """Shape (clients, features); categories are still unknown in it."""
    category_columns: Mapping[str, CategoricalColumn]
    """The categories as they stand, by feature."""
    known_histories: Mapping[str, Bools]
    """Of each history, whether it is known of a client."""
    features: Mapping[str, Feature] = field(default_factory=lambda: CATALOGUE)
    """What the columns of the matrix are, in their order."""
    auxiliary: AuxiliaryRows | None = None
    """Clients to learn from beside these."""

    def __len__(self) -> int:
        return len(self.labels)

    def encode(self, categories: CategoryEncoder) -> Matrix:
        """The matrix with the categories in their places."""
        matrix = self.matrix.copy()
        for index, name in enumerate(self.features):
            if name in self.category_columns:
                matrix[:, index] = categories.encode(name, self.category_columns[name])
        return matrix

    def fit_categories(self, rows: Integers) -> CategoryEncoder:
        """The categories that these clients teach."""
        return CategoryEncoder.fit(
            {name: column.take(rows) for name, column in self.category_columns.items()}
        )

    def training_rows_for(self, train_idx: Integers) -> TrainingSet:
        """Everyone who teaches where these clients do: they, their copies, those of other tables.

        Args:
            learn: Places of clients who are not judged by what is learnt.
        """
        train_clients = replace(self, auxiliary=None).take(train_idx)
        if self.auxiliary is None:
            return train_clients
        auxiliary = self.auxiliary.restrict_to(train_idx, len(self))
        return self.concat([train_clients, auxiliary.with_copied_labels(train_clients.labels)])

    @classmethod
    def concat(cls, parts: Sequence[TrainingSet]) -> TrainingSet:
        """Clients one below the other, with the features of the first."""
        first = parts[0]
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            matrix=np.concatenate([part.matrix for part in parts]),
            category_columns={
                n: CategoricalColumn.concat([part.category_columns[n] for part in parts])
                for n in first.category_columns
            },
            known_histories={
                n: np.concatenate([part.known_histories[n] for part in parts])
                for n in first.known_histories
            },
            features=first.features,
        )

    def drop_features(self, names: Container[str]) -> Self:
        """The same clients with fewer features."""
        remaining = {name: feature for name, feature in self.features.items() if name not in names}
        return replace(
            self,
            matrix=self.matrix[:, [name in remaining for name in self.features]],
            category_columns={
                name: column for name, column in self.category_columns.items() if name in remaining
            },
            features=remaining,
            auxiliary=self.auxiliary
            and self.auxiliary.map_training_set(
                lambda training_set, _: training_set.drop_features(names)
            ),
        )

    def with_feature(self, feature: Feature, values: Floats) -> Self:
        """The same clients with one more number, for a measurement: no scorer builds it."""
        return replace(
            self,
            matrix=np.column_stack([self.matrix, values.astype(np.float32)]),
            features={**self.features, feature.name: feature},
            auxiliary=self.auxiliary
            and self.auxiliary.map_training_set(
                lambda training_set, copy_of: training_set.with_feature(
                    feature, np.append(values, np.nan)[copy_of]
                )
            ),
        )

    def take(self, rows: Integers) -> Self:
        """Fewer clients with the same features."""
        return replace(
            self,
            ids=self.ids[rows],
            labels=self.labels[rows],
            matrix=self.matrix[rows],
            category_columns={
                name: column.take(rows) for name, column in self.category_columns.items()
            },
            known_histories={
                name: is_known[rows] for name, is_known in self.known_histories.items()
            },
            auxiliary=self.auxiliary and self.auxiliary.restrict_to(rows, len(self)),
        )


@dataclass(frozen=True, kw_only=True)
class AuxiliaryRows:
    """Clients to learn from whom no model is judged by."""

    training_set: TrainingSet
    copy_of: Integers
    """Of whom each is a copy, as a place among the judged clients; `NOBODY` of other tables."""

    def restrict_to(self, rows: Integers, client_count: int) -> Self:
        """Those who may teach where only these of the judged clients do, in their new places."""
        new_index = np.full(client_count + 1, -2)
        new_index[rows] = np.arange(len(rows))
        new_index[NOT_A_COPY] = NOT_A_COPY
        retained = np.flatnonzero(new_index[self.copy_of] >= NOT_A_COPY)
        return replace(
            self,
            training_set=self.training_set.take(retained),
            copy_of=new_index[self.copy_of[retained]],
        )

    def with_copied_labels(self, labels: Labels) -> TrainingSet:
        """The clients; a copy has the label of whom it is a copy of."""
        own_labels = self.training_set.labels
        copied_labels = np.append(labels, np.int8(0))[self.copy_of]
        return replace(
            self.training_set,
            labels=np.where(self.copy_of == NOT_A_COPY, own_labels, copied_labels),
        )

    def map_training_set(self, function: Callable[[TrainingSet, Integers], TrainingSet]) -> Self:
        """The same clients with other features."""
        return replace(self, training_set=function(self.training_set, self.copy_of))

    def append_clients(self, new_clients: TrainingSet) -> Self:
        """These, and clients of other tables."""
        not_copies = np.full(len(new_clients), NOT_A_COPY)
        return replace(
            self,
            training_set=TrainingSet.concat([self.training_set, new_clients]),
            copy_of=np.concatenate([self.copy_of, not_copies]),
        )


def prepare_training_set(
    file: DossierFile, *, seed: int, progress: Callable[[int], object]
) -> TrainingSet:
    """Build every client's features, and copies of some clients with histories hidden.

    A model that never saw an absent history would take it for a client without credits. Hiding is
    seeded by the client's place in the file.
    """
    rng = np.random.default_rng(seed)
    ids, labels = file.client_ids, file.labels
    client_batches: list[TrainingSet] = []
    copy_batches: list[AuxiliaryRows] = []
    start = 0
    for batch in file.iter_batches(COLUMNS):
        rows = np.arange(start, start + len(batch))
        start += len(batch)
        client_batches.append(build_training_set(batch, ids[rows], labels[rows]))
        copy_batches.append(masked_copies(batch, client_batches[-1], rows, rng))
        progress(len(batch))
    auxiliary = AuxiliaryRows(
        training_set=TrainingSet.concat(
            [copies_of_batch.training_set for copies_of_batch in copy_batches]
        ),
        copy_of=np.concatenate([copies_of_batch.copy_of for copies_of_batch in copy_batches]),
    )
    return replace(TrainingSet.concat(client_batches), auxiliary=auxiliary)


def build_training_set(dossiers: DossierBatch, ids: Integers, labels: Labels) -> TrainingSet:
    """Dossiers with their labels, all of them judged."""
    return TrainingSet(
        ids=ids,
        labels=labels,
        matrix=build(dossiers, CategoryEncoder(dict.fromkeys(CATEGORICAL_FEATURES, ()))),
        category_columns=extract_category_columns(dossiers),
        known_histories={name: dossiers.tables[name].known for name in HISTORIES},
    )


def masked_copies(
    dossiers: DossierBatch,
    training_set: TrainingSet,
    client_rows: Integers,
    rng: np.random.Generator,
) -> AuxiliaryRows:
    """Copies of those dossiers that are drawn, and have a history to hide.

    Args:
        judged: The dossiers as they are.
        places: Theirs, among all judged clients.
    """
    masked = mask_histories(dossiers, rng)
    newly_masked = [
        training_set.known_histories[name] & ~masked.tables[name].known for name in HISTORIES
    ]
    rows = np.flatnonzero(np.any(newly_masked, axis=0))
    masked_set = build_training_set(
        masked.take(rows), training_set.ids[rows], training_set.labels[rows]
    )
    return AuxiliaryRows(training_set=masked_set, copy_of=client_rows[rows])


def mask_histories(dossiers: DossierBatch, rng: np.random.Generator) -> DossierBatch:
    """Make histories unknown of some clients: all of them, or one by one."""
    mask_all = rng.random(len(dossiers)) < MASK_ALL_HISTORIES_SHARE
    for name in HISTORIES:
        is_masked = mask_all | (rng.random(len(dossiers)) < MASK_ONE_HISTORY_SHARE)
        dossiers = dossiers.mask_history(name, is_masked)
    return dossiers


def stratified_sample(training_set: TrainingSet, sample_size: int, *, seed: int) -> Integers:
    """Places of some clients drawn at random, with the share of difficulties there is."""
    rng = np.random.default_rng(seed)
    difficult, good = (
        np.flatnonzero(training_set.labels == 1),
        np.flatnonzero(training_set.labels == 0),
    )
    difficult_count = round(sample_size * len(difficult) / len(training_set))
    rows = [rng.choice(difficult, difficult_count, replace=False)]
    rows.append(rng.choice(good, sample_size - difficult_count, replace=False))
    return np.sort(np.concatenate(rows))
