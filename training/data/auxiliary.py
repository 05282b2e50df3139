"""Clients of other folders, who teach beside those a model is judged by.

A lender has many applications of which the form alone is known, and few with histories. Those
teach what a form says; a model for these is judged, calibrated and explained by these alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stores.cli import Steps
from stores.dossiers.parquet import DossierFile
from stores.raw_tables.lender_mapping import LenderFiles
from stores.settings import Settings
from training.data.dataset import NOBODY, Material, Teachers, prepare
from training.data.loading import labelled_dossiers
from training.evaluation.champion import digests


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Judged clients with their teachers of other folders."""

    material: Material
    digests: NDArray[np.uint64]
    """Of the teachers of other folders."""
    about: list[dict[str, Any]]
    """The facts about these folders."""


def pooled(
    where: Settings,
    material: Material,
    dossiers: DossierFile,
    also: Sequence[Path],
    *,
    seed: int,
    steps: Steps,
    lender: LenderFiles | None = None,
) -> Pool:
    """The same judged clients, with the labelled clients of other folders as teachers.

    A client of both is left out of the others: he would teach what he is asked about.

    Raises:
        InvalidTables: the tables of a folder break the schema.
    """
    ours = seen = digests(dossiers)
    told: list[dict[str, Any]] = []
    for folder in also:
        others, about = labelled_dossiers(where, folder, steps, lender)
        theirs = digests(others)
        strangers = np.flatnonzero(~np.isin(theirs, seen))
        seen = np.union1d(seen, theirs)
        with steps.step("features", len(others)) as advance:
            added = prepare(others, seed=seed, progress=advance).only(strangers)
        steps.say(
            f"{len(strangers):,} clients of {folder} teach beside these; "
            f"{len(others) - len(strangers):,} are known already"
        )
        material = replace(material, teachers=_beside(material, added))
        told.append({name: about[name] for name in ("fingerprint", "clients", "synthetic")})
    return Pool(material=material, digests=np.setdiff1d(seen, ours), about=told)


def _beside(material: Material, added: Material) -> Teachers:
    strangers = replace(added, teachers=None)
    if material.teachers is None:
        return Teachers(material=strangers, copies=np.full(len(strangers), NOBODY))
    return material.teachers.joined(strangers)
