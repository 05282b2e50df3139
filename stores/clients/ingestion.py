"""Fill the client store from a folder of raw tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stores.atomic_files import temporary_dossiers
from stores.clients.store import ClientStore
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.progress import ProgressCallback, ProgressReporter
from stores.raw_tables.lender_mapping import (
    APPLICATION_FILE_NAMES,
    LABELLED_APPLICATION_FILE_NAME,
    LenderMapping,
)
from stores.raw_tables.tables import (
    build_missing_applications_error,
    read_tables,
    resolve_table_file,
)
from stores.settings import Settings


def fill_client_store(
    settings: Settings,
    data: Path,
    progress: ProgressReporter,
    lender: LenderMapping | None = None,
    *,
    labelled_dossiers: DossierFile | None = None,
) -> int:
    """Store the dossier of every client in the folder's applications, labelled and new.

    Args:
        settings: Where the client store and the cache are.
        data: Folder of raw tables.
        progress: Reports the steps.
        lender: Names, words and units of a lender's own files.
        labelled_dossiers: The clients of `application_train`, if they are grouped already. They
            are stored as they are, and that file is not read again.

    Returns:
        The number of dossiers stored; a client who is in the store already is replaced.

    Raises:
        InvalidTables: the folder has no applications, or the tables break the schema.
    """
    store = ClientStore(settings.clients_path)
    file_names = [
        name for name in APPLICATION_FILE_NAMES if resolve_table_file(data, name, lender)
    ]
    if not file_names:
        raise build_missing_applications_error(data, APPLICATION_FILE_NAMES, lender)
    saved_count = 0
    for name in file_names:
        if name == LABELLED_APPLICATION_FILE_NAME and labelled_dossiers is not None:
            saved_count += _save_dossiers(store, labelled_dossiers, progress)
            continue
        with _group_applications(settings, data, name, progress, lender) as dossiers:
            saved_count += _save_dossiers(store, dossiers, progress)
    return saved_count


@contextmanager
def _group_applications(
    settings: Settings,
    data: Path,
    name: str,
    progress: ProgressReporter,
    lender: LenderMapping | None,
) -> Iterator[DossierFile]:
    with temporary_dossiers(settings.cache_folder, name) as path:
        with progress.step(f"grouping {name}"):
            tables = read_tables(
                data, application=name, lender=lender, cache=settings.cache_folder
            )
            grouping = group_into_dossiers(tables, path)
        grouping.log_summary(progress)
        yield DossierFile(path)


def _save_dossiers(store: ClientStore, dossiers: DossierFile, progress: ProgressReporter) -> int:
    with progress.step("client store", len(dossiers)) as advance:
        return store.save(_iter_with_progress(dossiers, advance))


def _iter_with_progress(
    dossiers: DossierFile, advance: ProgressCallback
) -> Iterator[tuple[int, str]]:
    for document in dossiers.iter_documents():
        advance(1)
        yield document
