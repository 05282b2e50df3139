"""Identify data, features, clients and code, so that results of different runs are comparable."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stores.dossiers.arrow import CLIENT_ID_COLUMN
from stores.dossiers.parquet import LABEL_COLUMN, DossierFile
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import Tables
from training.data.dataset import TrainingSet

IDENTITY_COLUMNS = (
    CLIENT_ID_COLUMN,
    LABEL_COLUMN,
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "DAYS_BIRTH",
    "DAYS_ID_PUBLISH",
)
"""Columns that identify a client across folders, where ids may coincide."""

MAX_CLIENTS_FINGERPRINTED = 200
"""Clients, evenly spread, with values in the digest: enough to notice a changed formula."""


def fingerprint_tables(tables: Tables, lender: LenderMapping | None) -> str:
    """Return a SHA-256 over names and bytes of the files, and over the lender's mapping."""
    combined_hash = hashlib.sha256()
    for table, path in sorted(tables.sources.items()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        combined_hash.update(f"{table} {path.name} {digest}\n".encode())
    if lender:
        combined_hash.update(json.dumps(lender.model_dump(), sort_keys=True).encode())
    return combined_hash.hexdigest()


def read_code_version() -> str:
    """Return the commit of the source tree, marked as dirty if files have changed."""
    try:
        process = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return process.stdout.strip()


def client_pseudonyms(dossiers: DossierFile) -> NDArray[np.uint64]:
    """Return a pseudonym for each client, shape (clients,).

    It is not anonymous to someone who holds the client's data (docs/decisions/0005).
    """
    columns = zip(*(dossiers.read_column(name) for name in IDENTITY_COLUMNS), strict=True)
    hashes = (hashlib.blake2b(repr(row).encode(), digest_size=8).digest() for row in columns)
    return np.array([int.from_bytes(digest) for digest in hashes], dtype=np.uint64)


def fingerprint_features(training_set: TrainingSet) -> str:
    """Return a digest of the features' names and of their values for some clients."""
    rows = np.unique(
        np.linspace(0, len(training_set) - 1, MAX_CLIENTS_FINGERPRINTED).astype(np.int64)
    )
    subset = replace(training_set, auxiliary=None).take(rows)
    values = subset.encode(subset.fit_features())
    values[np.isnan(values)] = np.nan  # one representation of unknown
    digest = hashlib.sha256(repr(list(subset.features)).encode())
    for array in (subset.ids, subset.labels, values):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
