"""python -m stores.clients: fill the client store from raw tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import LenderOption, VersionOption, report_errors
from stores.clients.ingestion import fill_client_store
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import LenderMapping
from stores.settings import get_settings

app = typer.Typer(add_completion=False)


@app.command()
def fill(
    *,
    data: Annotated[
        Path, typer.Option(help="Folder of raw tables.", exists=True, file_okay=False)
    ],
    lender: LenderOption = None,
    _version: VersionOption = False,
) -> None:
    """Store the dossier of every client in the folder's applications, labelled and new."""
    console = Console()
    with report_errors(console):
        settings = get_settings()
        mapping = LenderMapping.from_yaml(lender) if lender else None
        client_count = fill_client_store(settings, data, ProgressReporter(console), mapping)
    console.print(f"{client_count:,} clients in {settings.clients_path}")


if __name__ == "__main__":
    app()
