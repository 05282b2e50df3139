"""Derive the usual loan terms that ship with the product: `python -m training.loan_terms`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from credit.features import COLUMNS
from credit.features.loan_terms import USUAL_TERMS_FILE
from stores.atomic_files import atomic_write, temporary_dossiers
from stores.cli import report_errors
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.progress import ProgressReporter
from stores.raw_tables.tables import read_tables
from stores.settings import Settings, get_settings
from training.loan_terms.fitting import EarlierLoans, learn_loan_terms
from training.synthetic.calibration.source_data import resolve_real_data_folder

APPLICATION_FILES = ("application_train", "application_test")
PACKAGED_FILE = Path(__file__).parents[2] / "credit" / "features" / USUAL_TERMS_FILE


def main(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of raw tables with earlier applications; default: `clients` of "
            "CREDIT_REAL_DATA, then of ../shared/homecredit."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="File to write.")] = PACKAGED_FILE,
) -> None:
    """Learn usual loan terms from the earlier loans of all clients of a folder.

    The output is deterministic, and every number rests on the loans of at least 30 clients.
    """
    console = Console(stderr=True)
    progress = ProgressReporter(console)
    with report_errors(console):
        folder = data or resolve_real_data_folder(None) / "clients"
        parts = list(_iter_loans(get_settings(), folder, progress))
        loans = EarlierLoans.concat(*map(list, zip(*parts, strict=True)))
        with progress.step("learning terms"):
            loan_terms = learn_loan_terms(loans)
        with atomic_write(out) as temp_path:
            temp_path.write_text(json.dumps(asdict(loan_terms), indent=1) + "\n", encoding="utf-8")
    progress.log(f"{out}: {len(loans.term):,} loans of {loan_terms.clients:,} clients")


def _iter_loans(
    settings: Settings, folder: Path, progress: ProgressReporter
) -> Iterator[tuple[EarlierLoans, int]]:
    """Yield loans and number of clients of each batch of dossiers."""
    for application in APPLICATION_FILES:
        with (
            temporary_dossiers(settings.cache_folder, "loan-terms") as path,
            progress.step(f"reading the clients of {application}"),
        ):
            tables = read_tables(folder, application=application, cache=settings.cache_folder)
            group_into_dossiers(tables, path)
            for dossiers in DossierFile(path).iter_batches(COLUMNS):
                yield EarlierLoans.from_dossiers(dossiers), len(dossiers)


if __name__ == "__main__":
    typer.run(main)
