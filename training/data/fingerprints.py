"""Whether two studies looked at the same features of the same clients."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from training.data.dataset import Material

LOOKED_AT = 200
"""Clients whose cells are looked at, spread over all: a formula that changed is seen in theirs."""


def formulas(material: Material) -> str:
    """A digest of the features by name, and of what they say of some of the judged clients."""
    rows = np.unique(np.linspace(0, len(material) - 1, LOOKED_AT).astype(np.int64))
    some = replace(material, teachers=None).only(rows)
    cells = some.encoded(some.fit_categories(np.arange(len(some))))
    cells[np.isnan(cells)] = np.nan  # one way to be unknown
    whole = hashlib.sha256(repr(list(some.features)).encode())
    for part in (some.ids, some.labels, cells):
        whole.update(np.ascontiguousarray(part).tobytes())
    return whole.hexdigest()[:16]
