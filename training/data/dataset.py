"""Hold training data: a matrix, labels, and the raw values that each fold fits features from.

dossiers ─┬─► clients that the model is evaluated on ─► training_rows_for(fold) ─► fit
          └─► copies with histories masked ──────────┐            ▲
other folders ─► clients that are only learnt from ──┴─► AuxiliaryRows
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from credit.dossier import Bools, CategoricalColumn, Floats, Integers
from credit.features import CATALOGUE, CategoryEncoder, Feature, FittedFeatures, Matrix
from credit.features.definitions.credit_terms import CREDIT_TERMS
from credit.features.form_completeness import FORM_COLUMNS
from credit.features.loan_terms import estimate_credit_terms
from credit.features.matrix import clip_columns
from training.loan_terms.fitting import EarlierLoans, fit_loan_terms

NOT_A_COPY = -1
"""Value of `copy_of` for a client of another folder."""

CREDIT_TERM_NAMES = tuple(feature.name for feature in CREDIT_TERMS)

Labels = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Features and labels of clients, and auxiliary clients to learn from."""

    ids: Integers
    labels: Labels
    matrix: Matrix
    """Shape (clients, features); categorical features and credit terms are NaN until `encode`."""
    category_columns: Mapping[str, CategoricalColumn]
    """Raw categories by feature, not encoded."""
    requested_credit: Floats
    """Credit and instalment, shape (2, clients); the credit terms are estimated from them."""
    earlier_loans: EarlierLoans
    """Earlier loans of these clients; the usual terms of loans are learnt from them."""
    unknown_columns: Bools
    """True where a column of `FORM_COLUMNS` is unknown, shape (columns, clients)."""
    known_histories: Mapping[str, Bools]
    """By history: true where a client's history is known, shape (clients,)."""
    features: Mapping[str, Feature] = field(default_factory=lambda: CATALOGUE)
    """Features in the order of the matrix's columns."""
    auxiliary: AuxiliaryRows | None = None
    """Further clients to learn from; the model is not evaluated on them."""

    def __len__(self) -> int:
        return len(self.labels)

    def encode(self, fitted: FittedFeatures) -> Matrix:
        """Return the matrix with all fitted features, shape (clients, features)."""
        matrix = self.matrix.copy()
        with np.errstate(over="ignore", invalid="ignore"):  # overflows are clipped
            credit_terms = clip_columns(
                estimate_credit_terms(self.requested_credit, fitted.loan_terms)
            )
        values_by_name = dict(zip(CREDIT_TERM_NAMES, credit_terms, strict=True))
        for index, name in enumerate(self.features):
            if name in self.category_columns:
                matrix[:, index] = fitted.categories.encode(name, self.category_columns[name])
            elif name in values_by_name:
                matrix[:, index] = values_by_name[name]
        return matrix

    def fit_features(self) -> FittedFeatures:
        """Learn categories and usual terms of loans from these clients."""
        return FittedFeatures(
            categories=CategoryEncoder.fit(self.category_columns),
            loan_terms=fit_loan_terms(self.earlier_loans),
        )

    def list_commonly_stated(self, min_share: float) -> tuple[str, ...]:
        """Return the columns of the form that at least a share of the clients stated.

        A column that does not apply to a client counts as stated.
        """
        stated_shares = 1 - self.unknown_columns.mean(axis=1)
        return tuple(
            column
            for column, share in zip(FORM_COLUMNS, stated_shares, strict=True)
            if share >= min_share
        )

    def training_rows_for(self, train_idx: Integers) -> TrainingSet:
        """Return all training rows of a fold: its clients, their copies, auxiliary clients.

        Args:
            train_idx: Indices of the clients outside the validation fold.
        """
        train_clients = replace(self, auxiliary=None).take(train_idx)
        if self.auxiliary is None:
            return train_clients
        auxiliary = self.auxiliary.restrict_to(train_idx, len(self))
        return self.concat([train_clients, auxiliary.with_copied_labels(train_clients.labels)])

    @classmethod
    def concat(cls, parts: Sequence[TrainingSet]) -> TrainingSet:
        """Concatenate clients; features are those of the first part."""
        first = parts[0]
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            matrix=np.concatenate([part.matrix for part in parts]),
            category_columns={
                n: CategoricalColumn.concat([part.category_columns[n] for part in parts])
                for n in first.category_columns
            },
            requested_credit=np.concatenate([part.requested_credit for part in parts], axis=1),
            earlier_loans=EarlierLoans.concat(
                [part.earlier_loans for part in parts], [len(part) for part in parts]
            ),
            unknown_columns=np.concatenate([part.unknown_columns for part in parts], axis=1),
            known_histories={
                n: np.concatenate([part.known_histories[n] for part in parts])
                for n in first.known_histories
            },
            features=first.features,
        )

    def drop_features(self, names: Container[str]) -> Self:
        """Remove features by name."""
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
        """Add a numeric feature for a measurement; no scorer builds it."""
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
        """Select clients, with their copies."""
        return replace(
            self,
            ids=self.ids[rows],
            labels=self.labels[rows],
            matrix=self.matrix[rows],
            category_columns={
                name: column.take(rows) for name, column in self.category_columns.items()
            },
            requested_credit=self.requested_credit[:, rows],
            earlier_loans=self.earlier_loans.take_clients(rows, len(self)),
            unknown_columns=self.unknown_columns[:, rows],
            known_histories={
                name: is_known[rows] for name, is_known in self.known_histories.items()
            },
            auxiliary=self.auxiliary and self.auxiliary.restrict_to(rows, len(self)),
        )


@dataclass(frozen=True, kw_only=True)
class AuxiliaryRows:
    """Clients to learn from that no model is evaluated on."""

    training_set: TrainingSet
    copy_of: Integers
    """Index of the client that each row copies; `NOT_A_COPY` for clients of other folders."""
    is_form_masked: Bools
    """True for copies with columns of the form masked; the others have histories masked."""

    @classmethod
    def concat(cls, parts: Sequence[AuxiliaryRows]) -> Self:
        """Concatenate rows that refer to the same clients."""
        return cls(
            training_set=TrainingSet.concat([part.training_set for part in parts]),
            copy_of=np.concatenate([part.copy_of for part in parts]),
            is_form_masked=np.concatenate([part.is_form_masked for part in parts]),
        )

    @classmethod
    def from_other_clients(cls, training_set: TrainingSet) -> Self:
        """Return rows that copy no client."""
        return cls(
            training_set=training_set,
            copy_of=np.full(len(training_set), NOT_A_COPY),
            is_form_masked=np.zeros(len(training_set), np.bool_),
        )

    def restrict_to(self, rows: Integers, client_count: int) -> Self:
        """Keep auxiliary clients and the copies of some clients, and renumber `copy_of`."""
        new_index = np.full(client_count + 1, -2)
        new_index[rows] = np.arange(len(rows))
        new_index[NOT_A_COPY] = NOT_A_COPY
        retained = np.flatnonzero(new_index[self.copy_of] >= NOT_A_COPY)
        return replace(self, copy_of=new_index[self.copy_of]).select(retained)

    def select(self, rows: Integers) -> Self:
        """Select auxiliary rows by index."""
        return replace(
            self,
            training_set=self.training_set.take(rows),
            copy_of=self.copy_of[rows],
            is_form_masked=self.is_form_masked[rows],
        )

    def with_copied_labels(self, labels: Labels) -> TrainingSet:
        """Return the rows; each copy gets the label of its client."""
        own_labels = self.training_set.labels
        copied_labels = np.append(labels, np.int8(0))[self.copy_of]
        return replace(
            self.training_set,
            labels=np.where(self.copy_of == NOT_A_COPY, own_labels, copied_labels),
        )

    def map_training_set(self, function: Callable[[TrainingSet, Integers], TrainingSet]) -> Self:
        """Replace the rows by a function of them and of `copy_of`."""
        return replace(self, training_set=function(self.training_set, self.copy_of))

    def append_clients(self, new_clients: TrainingSet) -> Self:
        """Append clients of another folder."""
        return self.concat([self, self.from_other_clients(new_clients)])
