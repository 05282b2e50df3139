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
from stores.dossiers.arrow import CLIENT
from stores.dossiers.parquet import LABEL, DossierFile
from stores.models.bento_store import facts_of, find, load
from stores.models.mlflow_registry import champion_version
from stores.settings import Settings
from training.data.dataset import Material

UNSEEN = "unseen.parquet"
"""The artefact of out-of-fold risks, by a digest of each client; null of who only taught."""

TELLING = (CLIENT, LABEL, "AMT_CREDIT", "AMT_ANNUITY", "DAYS_BIRTH", "DAYS_ID_PUBLISH")
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


def digests(dossiers: DossierFile) -> NDArray[np.uint64]:
    """A number that stands for each client, shape (clients,).

    It names nobody, but who holds the client's data can compute it (docs/decisions/0005).
    """
    columns = zip(*(dossiers.column(name) for name in TELLING), strict=True)
    hashed = (hashlib.blake2b(repr(row).encode(), digest_size=8).digest() for row in columns)
    return np.array([int.from_bytes(digest) for digest in hashed], dtype=np.uint64)


def keep_unseen(
    dossiers: DossierFile, risks: Floats, teachers: NDArray[np.uint64], path: Path
) -> None:
    """Write out-of-fold risks for the comparisons of later trainings.

    Args:
        teachers: Digests of clients of other tables, whom the model learnt from in every fold.
    """
    judged = pl.DataFrame({"client": digests(dossiers), "risk": risks})
    taught = pl.DataFrame({"client": teachers}).with_columns(risk=pl.lit(None, pl.Float64))
    pl.concat([judged, taught]).write_parquet(path)


def champion_on(where: Settings, material: Material, dossiers: DossierFile) -> Champion | None:
    """The champion on these clients; None when nothing was promoted yet."""
    found = champion_version(where)
    if found is None:
        return None
    model = find(found.tag)
    risks = np.full(len(material), np.nan)
    if (seen := _unseen(found.run_id)) is not None:
        clients = pl.DataFrame({"client": digests(dossiers)})
        kept = clients.join(
            seen.with_columns(seen=True), on="client", how="left", maintain_order="left"
        )
        risks = kept["risk"].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
        new = np.flatnonzero(kept["seen"].is_null().to_numpy())
        risks[new] = _scored(model, material, new)
    facts = facts_of(model)
    return Champion(
        version=found.tag,
        risks=risks,
        population=facts.population,
        synthetic=bool(facts.data.get("synthetic")),
    )


def _scored(model: bentoml.Model, material: Material, rows: Integers) -> Floats:
    """The champion's risk of these clients; NaN where its features are others."""
    if not len(rows):
        return np.empty(0)
    try:
        scorer: Scorer = load(model)
    except ModelMismatch:
        return np.full(len(rows), np.nan)
    some = replace(material, teachers=None).only(rows)
    return scorer.risk(some.encoded(scorer.categories))


def _unseen(run_id: str) -> pl.DataFrame | None:
    """What a run kept of its out-of-fold risks; None when it kept nothing."""
    try:
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=UNSEEN)
    except (MlflowException, OSError):
        return None
    return pl.read_parquet(path).unique("client", keep="first")
