"""Filling the client store from a folder of raw tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stores.clients import ClientStore
from stores.console import Advance, Steps
from stores.dossiers import DossierFile, group
from stores.files import find
from stores.mapping import LenderFiles
from stores.settings import Settings
from stores.tables import read_tables

APPLICATIONS = ("application_train", "application_test")


def fill_clients(
    where: Settings, data: Path, steps: Steps, lender: LenderFiles | None = None
) -> int:
    """Keep the dossier of every client of the folder's applications, labelled and new.

    Returns:
        How many were kept; a client already there is replaced.

    Raises:
        InvalidTables: the tables break the schema.
    """
    store = ClientStore(where.clients)
    kept = 0
    for name in APPLICATIONS:
        if not find(data, name):
            continue
        with steps.step(f"grouping {name}"):
            tables = read_tables(data, application=name, lender=lender, cache=where.cache)
            path = where.cache / f"{name}.dossiers.parquet"
            group(tables, path)
        file = DossierFile(path)
        with steps.step("client store", len(file)) as advance:
            kept += store.keep(_counted(file, advance))
        path.unlink()
    return kept


def _counted(file: DossierFile, advance: Advance) -> Iterator[tuple[int, str]]:
    for document in file.documents():
        advance(1)
        yield document
