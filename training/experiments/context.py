"""Where a study is made: settings, parameters, and the clients who are studied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from stores.cli import Steps, errors_told
from stores.settings import Settings, direct_libraries, settings
from training.cli.options import SYNTHETIC, synthetic_tables

if TYPE_CHECKING:
    from credit.dossier import Floats
    from credit.policy import Policy
    from stores.raw_tables.lender_mapping import LenderFiles
    from training.data.dataset import Material
    from training.tracking.report_store import Origin

# Libraries are imported when a study begins: they read their environment then; --help stays quick.
# ruff: noqa: PLC0415


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a study works with."""

    where: Settings
    steps: Steps
    console: Console
    lender: LenderFiles | None
    """Names, words and units of the lender's own files."""
    parameters: Mapping[str, Any]
    """Of the served model."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Who is studied."""

    material: Material
    sex: Floats
    """For the ablation alone, beside the material."""
    about: dict[str, Any]
    policy: Policy
    origin: Origin
    """What a study says of where it comes from."""


@contextmanager
def study(lender: Path | None, parameters: Path | None = None) -> Iterator[Desk]:
    """Settings, the lender's mapping and parameters read, libraries directed, errors told."""
    console = Console()
    with errors_told(console):
        where = settings()
        direct_libraries(where)
        from stores.raw_tables.lender_mapping import LenderFiles
        from training.model.hyperparameters import parameters_of

        steps = Steps(console)
        yield Desk(
            where=where,
            steps=steps,
            console=console,
            lender=LenderFiles.read(lender) if lender else None,
            parameters=parameters_of(parameters, steps.say),
        )


def subject_of(
    desk: Desk, data: Path | None, clients: int | None, seed: int, *, most: int | None = None
) -> Subject:
    """Clients of the data, or synthetic ones.

    Args:
        clients: How many are drawn, or made.
        most: Drawn where nothing is said.
    """
    from datetime import UTC, datetime

    from credit.policy import policy_on
    from training.data.dataset import drawn, prepare
    from training.data.fingerprints import formulas
    from training.data.loading import labelled_dossiers
    from training.experiments.ablation_variants import coded_sex
    from training.tracking.report_store import Origin

    folder = data or synthetic_tables(desk.where, clients or SYNTHETIC, seed, desk.steps)
    dossiers, about = labelled_dossiers(desk.where, folder, desk.steps, desk.lender)
    with desk.steps.step("features", len(dossiers)) as advance:
        material = prepare(dossiers, seed=seed, progress=advance)
    sex = coded_sex(dossiers.column("CODE_GENDER"))
    features, everybody, wanted = formulas(material), len(material), clients or most
    if wanted and wanted < everybody:
        desk.steps.say(f"{wanted:,} of {everybody:,} clients, drawn at random")
        rows = drawn(material, wanted, seed=seed)
        material, sex = material.only(rows), sex[rows]
    return Subject(
        material=material,
        sex=sex,
        about={**about, "clients": len(material), "everybody": everybody, "seed": seed},
        policy=policy_on(datetime.now(UTC).date()),
        origin=Origin.of(
            about, desk.parameters, formulas=features, seed=seed, drawn=len(material)
        ),
    )
