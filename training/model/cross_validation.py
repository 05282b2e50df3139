"""Folds: who is learnt from and who is left out, as LightGBM takes them.

material ──► splits ──┬──► learners and their teachers ──► categories, bins ──► Dataset
                      └──► left out, in the same categories and bins ─────────► Dataset
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from sklearn.model_selection import StratifiedKFold

from credit.dossier import Integers
from credit.features import Categories, Matrix
from training.data.dataset import Labels, Material

FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Clients whom a fold left out, encoded by what its learners teach."""

    rows: Integers
    """Their places in the material."""
    held: Matrix
    """Their features."""
    copies: Integers
    """Places of their copies, among the teachers."""
    held_copies: Matrix


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Clients to learn from and clients left out, as LightGBM takes them."""

    learn: lgb.Dataset
    unseen: lgb.Dataset
    left: LeftOut


def folds(
    material: Material, *, seed: int, number: int = FOLDS, binning: Mapping[str, Any] | None = None
) -> Iterator[Fold]:
    """Stratified folds, each with its own categories and its own bins, made one by one.

    Args:
        binning: LightGBM's parameters of a Dataset, for one that serves several fits.
    """
    for learn, rows in splits(material.labels, seed=seed, number=number):
        yield _fold(material, learn, rows, binning)


def _fold(
    material: Material, learn: Integers, rows: Integers, binning: Mapping[str, Any] | None
) -> Fold:
    teachers = material.teachers
    taught = material.taught(learn)
    categories = taught.fit_categories(np.arange(len(taught)))
    data = dataset(taught, categories, binning)
    held = replace(material, teachers=None).only(rows).encoded(categories)
    copies = np.flatnonzero(np.isin(teachers.copies, rows)) if teachers else rows[:0]
    return Fold(
        learn=data,
        unseen=data.create_valid(held, material.labels[rows]),
        left=LeftOut(
            rows=rows,
            held=held,
            copies=copies,
            held_copies=teachers.material.only(copies).encoded(categories)
            if teachers
            else held[:0],
        ),
    )


def splits(
    labels: Labels, *, seed: int, number: int = FOLDS
) -> Iterator[tuple[Integers, Integers]]:
    """Of each fold, the places of the clients to learn from and of those left out."""
    splitter = StratifiedKFold(number, shuffle=True, random_state=seed)
    yield from splitter.split(labels, labels)


def dataset(
    taught: Material, categories: Categories, binning: Mapping[str, Any] | None = None
) -> lgb.Dataset:
    """Clients to learn from, in bins of their own."""
    return lgb.Dataset(
        taught.encoded(categories),
        taught.labels,
        feature_name=list(taught.features),
        categorical_feature=[n for n, feature in taught.features.items() if feature.categorical],
        params=dict(binning or {}),
    )
