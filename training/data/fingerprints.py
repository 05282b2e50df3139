"""Whether two studies looked at the same features of the same clients."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from training.data.dataset import TrainingSet

MAX_CLIENTS_FINGERPRINTED = 200
"""Clients whose cells are looked at, spread over all: a formula that changed is seen in theirs."""


def fingerprint_features(training_set: TrainingSet) -> str:
    """A digest of the features by name, and of what they say of some of the judged clients."""
    rows = np.unique(
        np.linspace(0, len(training_set) - 1, MAX_CLIENTS_FINGERPRINTED).astype(np.int64)
    )
    subset = replace(training_set, auxiliary=None).take(rows)
    values = subset.encode(subset.fit_categories(np.arange(len(subset))))
    values[np.isnan(values)] = np.nan  # one way to be unknown
    digest = hashlib.sha256(repr(list(subset.features)).encode())
    for array in (subset.ids, subset.labels, values):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
