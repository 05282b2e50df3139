"""Filling the client store from a folder of raw tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stores.atomic_files import temporary_dossiers
from stores.cli import ProgressCallback, ProgressReporter
from stores.clients.store import ClientStore
from stores.dossiers.parquet import DossierFile, group_into_dossiers
from stores.raw_tables.lender_mapping import APPLICATION_FILE_NAMES, LenderMapping
from stores.raw_tables.tables import missing_applications_error, read_tables, resolve_table_file
from stores.settings import Settings


def fill_client_store(
    settings: Settings, data: Path, progress: ProgressReporter, lender: LenderMapping | None = None
) -> int:
    """Keep the dossier of every client of the folder's applications, labelled and new.

    Returns:
        How many were kept; a client already there is replaced.

    Raises:
        InvalidTables: the folder has no applications, or the tables break the schema.
    """
    store = ClientStore(settings.clients_path)
    file_names = [
        name for name in APPLICATION_FILE_NAMES if resolve_table_file(data, name, lender)
    ]
    if not file_names:
        raise missing_applications_error(data, APPLICATION_FILE_NAMES, lender)
    saved_count = 0
    for name in file_names:
        with temporary_dossiers(settings.cache_folder, name) as path:
            with progress.step(f"grouping {name}"):
                tables = read_tables(
                    data, application=name, lender=lender, cache=settings.cache_folder
                )
                grouping = group_into_dossiers(tables, path)
            grouping.log_summary(progress)
            file = DossierFile(path)
            with progress.step("client store", len(file)) as advance:
                saved_count += store.save(_iter_with_progress(file, advance))
    return saved_count


def _iter_with_progress(file: DossierFile, advance: ProgressCallback) -> Iterator[tuple[int, str]]:
    for document in file.iter_documents():
        advance(1)
        yield document
