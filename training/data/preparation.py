"""Prepare a training set from dossiers: features, and copies with masked histories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from credit.dossier import Bools, DossierBatch, Integers
from credit.features import (
    CATALOGUE,
    COLUMNS,
    CategoryEncoder,
    FittedFeatures,
    build,
    extract_category_columns,
)
from credit.features.form_completeness import FORM_COLUMNS, flag_unknown_columns
from credit.features.loan_terms import extract_requested_credit
from credit.features.matrix import CATEGORICAL_FEATURES
from credit.schema import APPLICATION, HISTORIES
from stores.dossiers.parquet import DossierFile
from training.data.dataset import AuxiliaryRows, Labels, TrainingSet
from training.loan_terms.fitting import EarlierLoans


@dataclass(frozen=True, kw_only=True)
class MaskingShares:
    """Which masked copies of clients the model learns from (docs/decisions/0008 and 0010)."""

    all_histories: float = 0.05
    """Share of clients that are copied with all histories masked."""
    one_history: float = 0.01
    """Share of clients that are copied with one history masked, for each history."""
    form: float = 0.005
    """Share of clients that are copied with columns of the form masked."""
    column: float = 0.5
    """Share of these copies in which each column of the form is masked."""

    @classmethod
    def with_auxiliary_forms(cls) -> Self:
        """Return the shares with auxiliary clients, who show what absent histories are."""
        return cls(all_histories=0.01, one_history=0.005)


DEFAULT_SHARES = MaskingShares()

MIN_FORM_COPIES = 30
"""Expected number of copies with a masked form, however small the training set."""

NOTHING_FITTED = FittedFeatures(
    categories=CategoryEncoder({
        name: () for name, feature in CATALOGUE.items() if feature.is_categorical
    })
)  # fmt: skip
"""Builds the features that need no fitting; `TrainingSet.encode` fills in the others."""


def prepare_training_set(
    file: DossierFile,
    *,
    seed: int,
    progress: Callable[[int], object],
    shares: MaskingShares = DEFAULT_SHARES,
) -> TrainingSet:
    """Build the features of all clients, and masked copies of some.

    A model that never saw an absent history reads it as a client without credits, and a column
    that was never unknown as 0 (docs/decisions/0008, 0010). Masking is seeded by the position in
    the file.

    Args:
        file: Labelled dossiers.
        seed: Seed of the masking.
        progress: Called with the number of clients after each batch.
        shares: Shares of clients to copy.
    """
    rng = np.random.default_rng(seed)
    shares = replace(shares, form=max(shares.form, min(1.0, MIN_FORM_COPIES / len(file))))
    ids, labels = file.client_ids, file.labels
    client_batches: list[TrainingSet] = []
    copy_batches: list[AuxiliaryRows] = []
    start = 0
    for batch in file.iter_batches(COLUMNS):
        rows = np.arange(start, start + len(batch))
        start += len(batch)
        client_batches.append(build_training_set(batch, ids[rows], labels[rows]))
        copy_batches += make_masked_copies(batch, client_batches[-1], rows, rng, shares)
        progress(len(batch))
    auxiliary = AuxiliaryRows.concat(copy_batches)
    return replace(TrainingSet.concat(client_batches), auxiliary=auxiliary)


def build_training_set(dossiers: DossierBatch, ids: Integers, labels: Labels) -> TrainingSet:
    """Build a training set without auxiliary rows from dossiers and their labels."""
    return TrainingSet(
        ids=ids,
        labels=labels,
        matrix=build(dossiers, NOTHING_FITTED),
        category_columns=extract_category_columns(dossiers),
        requested_credit=extract_requested_credit(dossiers),
        earlier_loans=EarlierLoans.from_dossiers(dossiers),
        unknown_columns=_flag_unknown_columns(dossiers),
        known_histories={name: dossiers.tables[name].known for name in HISTORIES},
    )


def _flag_unknown_columns(dossiers: DossierBatch) -> Bools:
    """Return which columns of the form are unknown, whatever categories a model knows."""
    form = dossiers.tables[APPLICATION.name]
    unknown_categories = [
        ~form.get_categorical(column).known
        for column in FORM_COLUMNS
        if column in CATEGORICAL_FEATURES
    ]
    return flag_unknown_columns(form, FORM_COLUMNS, np.array(unknown_categories))


def make_masked_copies(
    dossiers: DossierBatch,
    training_set: TrainingSet,
    client_rows: Integers,
    rng: np.random.Generator,
    shares: MaskingShares = DEFAULT_SHARES,
) -> list[AuxiliaryRows]:
    """Copy random samples of dossiers: one with histories masked, one with columns of the form.

    Args:
        dossiers: Dossiers of a batch of clients.
        training_set: The same clients, unmasked.
        client_rows: Indices of these clients in the whole training set.
        rng: Chooses clients, histories and columns.
        shares: Shares of clients to copy.
    """
    without_histories = mask_histories(dossiers, rng, shares)
    newly_masked = [
        training_set.known_histories[name] & ~without_histories.tables[name].known
        for name in HISTORIES
    ]
    rows = np.flatnonzero(np.any(newly_masked, axis=0))
    form_rows = np.flatnonzero(rng.random(len(dossiers)) < shares.form)
    incomplete_forms = mask_form(dossiers.take(form_rows), rng, shares)
    return [
        _build_copies(without_histories.take(rows), training_set, client_rows, rows),
        replace(
            _build_copies(incomplete_forms, training_set, client_rows, form_rows),
            is_form_masked=np.ones(len(form_rows), np.bool_),
        ),
    ]


def _build_copies(
    masked: DossierBatch, training_set: TrainingSet, client_rows: Integers, rows: Integers
) -> AuxiliaryRows:
    """Build the auxiliary rows of masked dossiers, which copy some rows of a training set."""
    masked_set = build_training_set(masked, training_set.ids[rows], training_set.labels[rows])
    return AuxiliaryRows(
        # The loans of a copied client are already in the training set.
        training_set=replace(masked_set, earlier_loans=EarlierLoans.empty()),
        copy_of=client_rows[rows],
        is_form_masked=np.zeros(len(rows), np.bool_),
    )


def mask_histories(
    dossiers: DossierBatch, rng: np.random.Generator, shares: MaskingShares
) -> DossierBatch:
    """Mask all histories of some clients, and single histories of others, at random."""
    mask_all = rng.random(len(dossiers)) < shares.all_histories
    for name in HISTORIES:
        is_masked = mask_all | (rng.random(len(dossiers)) < shares.one_history)
        dossiers = dossiers.mask_history(name, is_masked)
    return dossiers


def mask_form(
    dossiers: DossierBatch, rng: np.random.Generator, shares: MaskingShares
) -> DossierBatch:
    """Mask random columns of each form."""
    is_masked = {column: rng.random(len(dossiers)) < shares.column for column in FORM_COLUMNS}
    return dossiers.mask_form_columns(is_masked)


def stratified_sample(training_set: TrainingSet, sample_size: int, *, seed: int) -> Integers:
    """Draw a random sample of clients with the difficulty rate of all; returns sorted indices."""
    rng = np.random.default_rng(seed)
    difficult, good = (
        np.flatnonzero(training_set.labels == 1),
        np.flatnonzero(training_set.labels == 0),
    )
    difficult_count = round(sample_size * len(difficult) / len(training_set))
    rows = [rng.choice(difficult, difficult_count, replace=False)]
    rows.append(rng.choice(good, sample_size - difficult_count, replace=False))
    return np.sort(np.concatenate(rows))
