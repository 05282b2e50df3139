"""Score the champion on the clients of a new model, without an optimistic bias.

Clients in the champion's training set use its stored out-of-fold score; auxiliary clients have
none and are skipped. New clients are scored, if the champion has the same features.
"""

from __future__ import annotations

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
from stores.dossiers.parquet import DossierFile
from stores.models.bento_store import find_bento_model, load_model_metadata, load_scorer
from stores.models.mlflow_registry import get_champion_version
from stores.settings import Settings
from training.data.dataset import TrainingSet
from training.data.fingerprints import client_pseudonyms

OOF_RISKS_FILE = "unseen.parquet"
"""Artefact of out-of-fold risks by client pseudonym; null for auxiliary clients."""


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The champion's risks for the clients of a new training."""

    version: str
    risks: Floats
    """Shape (clients,); NaN where no unbiased risk exists."""
    population: Population
    """Distributions of its training clients."""
    synthetic: bool = False
    """True: its training clients were synthetic."""


def save_oof_risks(
    dossiers: DossierFile, risks: Floats, auxiliary_pseudonyms: NDArray[np.uint64], path: Path
) -> None:
    """Write out-of-fold risks for the comparisons of later trainings.

    Args:
        dossiers: Dossiers of the clients that the model is evaluated on.
        risks: Their out-of-fold risks, shape (clients,).
        auxiliary_pseudonyms: Clients of other folders, in the training rows of all folds.
        path: Parquet file to write.
    """
    oof_rows = pl.DataFrame({"client": client_pseudonyms(dossiers), "risk": risks})
    auxiliary_rows = pl.DataFrame({"client": auxiliary_pseudonyms}).with_columns(
        risk=pl.lit(None, pl.Float64)
    )
    pl.concat([oof_rows, auxiliary_rows]).write_parquet(path)


def score_champion(
    settings: Settings, training_set: TrainingSet, dossiers: DossierFile
) -> Champion | None:
    """Return the champion's risks for these clients; None if no model was promoted yet."""
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
    """Score clients with the champion; NaN if it was fitted on other features."""
    if not len(rows):
        return np.empty(0)
    try:
        scorer: Scorer = load_scorer(model)
    except ModelMismatch:
        return np.full(len(rows), np.nan)
    subset = replace(training_set, auxiliary=None).take(rows)
    return scorer.predict_risk(subset.encode(scorer.fitted))


def _load_oof_risks(run_id: str) -> pl.DataFrame | None:
    """Read the out-of-fold risks of a run; None if it stored none."""
    try:
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=OOF_RISKS_FILE)
    except (MlflowException, OSError):
        return None
    return pl.read_parquet(path).unique("client", keep="first")
