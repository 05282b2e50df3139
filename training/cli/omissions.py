"""Try omissions on the clients of a folder with the champion, and print what they gain."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from credit.features import COLUMNS
from credit.policy import load_policy
from credit.schema import APPLICATION
from stores.atomic_files import temporary_dossiers
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.models.bento_store import find_bento_model, get_champion_tag, load_scorer
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.raw_tables.tables import read_tables
from stores.settings import Settings
from training.evaluation.omissions import OmissionTrial, try_omissions


def try_and_print_omissions(
    settings: Settings,
    console: Console,
    data: Path,
    *,
    table: str,
    lender: Path | None,
    clients: int,
    seed: int,
) -> None:
    """Leave out fields of clients who are not approved, and print what changes.

    Args:
        settings: Where the champion is.
        console: Where to print.
        data: Folder of raw tables.
        table: File of applications, without extension.
        lender: YAML that maps a lender's own names and units.
        clients: Number of clients, who are not approved, to try.
        seed: Seed of the sample.
    """
    progress = ProgressReporter(console)
    scorer = load_scorer(find_bento_model(get_champion_tag(settings)))
    mapping = LenderMapping.from_yaml(lender) if lender else None
    with temporary_dossiers(settings.cache_folder, "omissions") as path:
        with progress.step(f"grouping {table}"):
            tables = read_tables(
                data, application=table, lender=mapping, cache=settings.cache_folder
            )
            group_into_dossiers(tables, path)
        dossiers = next(iter(DossierFile(path).iter_batches(COLUMNS)))
        with progress.step(f"leaving out fields, scored by {scorer.version}"):
            trial = try_omissions(
                scorer,
                scorer.metadata.commonly_stated,
                dossiers,
                load_policy(datetime.now(UTC).date()),
                seed=seed,
                max_clients=clients,
                max_clients_per_rule=clients,
            )
    console.print(build_omission_table(trial))


def build_omission_table(trial: OmissionTrial) -> Table:
    """Build the table of omissions that changed an outcome for the better."""
    table = Table(
        "left out",
        "stated by",
        "approved",
        "referred, not named",
        title=f"{trial.omissions:,} omissions of {trial.clients:,} clients who are not approved: "
        f"{trial.approvals.total()} approved",
    )
    omissions = trial.approvals.keys() | trial.unnamed_referrals.keys()
    for columns in sorted(omissions, key=lambda columns: (-trial.approvals[columns], columns)):
        table.add_row(
            " and ".join(columns),
            " and ".join(APPLICATION[column].stated_by for column in columns),
            str(trial.approvals[columns]),
            str(trial.unnamed_referrals[columns]),
        )
    return table
