"""The champion that a new model is measured against, on the same clients, honestly.

A client the champion learnt from is told by the fold that left him out, as his training kept it.
Of one who only taught it nothing honest can be said: no fold left him out. A client new to it is
scored. A champion of other features can be asked of the first only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import bentoml
import mlflow
import numpy as np
import polars as pl
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray

from credit.dossier import Floats, Integers
from credit.errors import ModelMismatch
from credit.reference_population import Population
from credit.scorer import Scorer
from stores.dossiers.arrow import CLIENT_ID_COLUMN
from stores.dossiers.parquet import LABEL_COLUMN, DossierFile
from stores.models.bento_store import find_bento_model, load_model_metadata, load_scorer
from stores.models.mlflow_registry import get_champion_version
from stores.settings import Settings
from training.data.dataset import TrainingSet

OOF_RISKS_FILE = "unseen.parquet"
"""The artefact of out-of-fold risks, by a digest of each client; null of who only taught."""

IDENTITY_COLUMNS = (
    CLIENT_ID_COLUMN,
    LABEL_COLUMN,
    "AMT_CREDIT",
    "AMT_ANNUITY",
    "DAYS_BIRTH",
    "DAYS_ID_PUBLISH",
)
"""Columns that make a client the same client: ids of two folders may coincide."""


@dataclass(frozen=True, kw_only=True)
class Champion:
    """What the champion says of the clients at hand."""

    version: str
    risks: Floats
    """NaN of a client it can say nothing honest of."""
    population: Population
    """Of the clients it was trained on."""
    synthetic: bool = False
    """Whether those were synthetic."""


def client_pseudonyms(dossiers: DossierFile) -> NDArray[np.uint64]:
    """A number that stands for each client, shape (clients,).

    It names nobody, but who holds the client's data can compute it (docs/decisions/0005).
    """
    columns = zip(*(dossiers.read_column(name) for name in IDENTITY_COLUMNS), strict=True)
    hashes = (hashlib.blake2b(repr(row).encode(), digest_size=8).digest() for row in columns)
    return np.array([int.from_bytes(digest) for digest in hashes], dtype=np.uint64)


def save_oof_risks(
    dossiers: DossierFile, risks: Floats, auxiliary_pseudonyms: NDArray[np.uint64], path: Path
) -> None:
    """Write out-of-fold risks for the comparisons of later trainings.

    Args:
        teachers: Digests of clients of other tables, whom the model learnt from in every fold.
    """
    oof_rows = pl.DataFrame({"client": client_pseudonyms(dossiers), "risk": risks})
    auxiliary_rows = pl.DataFrame({"client": auxiliary_pseudonyms}).with_columns(
        risk=pl.lit(None, pl.Float64)
    )
    pl.concat([oof_rows, auxiliary_rows]).write_parquet(path)


def score_champion(
    settings: Settings, training_set: TrainingSet, dossiers: DossierFile
) -> Champion | None:
    """The champion on these clients; None when nothing was promoted yet."""
    registered = get_champion_version(settings)
    if registered is None:
        return None
    model = find_bento_model(registered.tag)
    risks = np.full(len(training_set), np.nan)
    if (oof_risks := _load_oof_risks(registered.run_id)) is not None:
        clients = pl.DataFrame({"client": client_pseudonyms(dossiers)})
        joined = clients.join(
            oof_risks.with_columns(seen=True), on="client", how="left", maintain_order="left"
        )
        risks = joined["risk"].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
        new_rows = np.flatnonzero(joined["seen"].is_null().to_numpy())
        risks[new_rows] = _score_new_clients(model, training_set, new_rows)
    metadata = load_model_metadata(model)
    return Champion(
        version=registered.tag,
        risks=risks,
        population=metadata.population,
        synthetic=bool(metadata.data.get("synthetic")),
    )


def _score_new_clients(model: bentoml.Model, training_set: TrainingSet, rows: Integers) -> Floats:
    """The champion's risk of these clients; NaN where its features are others."""
    if not len(rows):
        return np.empty(0)
    try:
        scorer: Scorer = load_scorer(model)
    except ModelMismatch:
        return np.full(len(rows), np.nan)
    subset = replace(training_set, auxiliary=None).take(rows)
    return scorer.predict_risk(subset.encode(scorer.categories))


def _load_oof_risks(run_id: str) -> pl.DataFrame | None:
    """What a run kept of its out-of-fold risks; None when it kept nothing."""
    try:
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=OOF_RISKS_FILE)
    except (MlflowException, OSError):
        return None
    return pl.read_parquet(path).unique("client", keep="first")
