"""Files that appear only when complete, and temporary files that are always removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(out: Path) -> Iterator[Path]:
    """Write a file under a temporary name, and rename it when it is complete.

    On an error the temporary file is removed, and an earlier file of that name stays.

    Args:
        out: The final path; missing parent folders are created.

    Yields:
        The temporary path to write to. It holds the process id, so that two processes that write
        the same file do not collide.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    temp_path = out.with_name(f"{out.name}.{os.getpid()}.part")
    try:
        yield temp_path
        temp_path.replace(out)
    finally:
        temp_path.unlink(missing_ok=True)


@contextmanager
def temporary_dossiers(cache: Path, name: str) -> Iterator[Path]:
    """Yield a path for the dossiers of this run only; the file is removed on exit."""
    path = cache / f"{name}-{os.getpid()}.dossiers.parquet"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
