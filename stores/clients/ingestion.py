"""Filling the client store from a folder of raw tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stores.atomic_files import passing
from stores.cli import Advance, Steps
from stores.clients.store import ClientStore
from stores.dossiers.parquet import DossierFile, group
from stores.raw_tables.lender_mapping import APPLICATIONS, LenderFiles
from stores.raw_tables.tables import file_of, no_applications, read_tables
from stores.settings import Settings


def fill_clients(
    where: Settings, data: Path, steps: Steps, lender: LenderFiles | None = None
) -> int:
    """Keep the dossier of every client of the folder's applications, labelled and new.

    Returns:
        How many were kept; a client already there is replaced.

    Raises:
        InvalidTables: the folder has no applications, or the tables break the schema.
    """
    store = ClientStore(where.clients)
    found = [name for name in APPLICATIONS if file_of(data, name, lender)]
    if not found:
        raise no_applications(data, APPLICATIONS, lender)
    kept = 0
    for name in found:
        with passing(where.cache, name) as path:
            with steps.step(f"grouping {name}"):
                tables = read_tables(data, application=name, lender=lender, cache=where.cache)
                grouping = group(tables, path)
            grouping.tell(steps)
            file = DossierFile(path)
            with steps.step("client store", len(file)) as advance:
                kept += store.keep(_counted(file, advance))
    return kept


def _counted(file: DossierFile, advance: Advance) -> Iterator[tuple[int, str]]:
    for document in file.documents():
        advance(1)
        yield document
