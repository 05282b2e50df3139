"""Files that appear when they are whole, and files that go when they were used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(out: Path) -> Iterator[Path]:
    """Where to write a file that appears under its name when it is whole; else nothing stays."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temp_path = out.with_name(f"{out.name}.{os.getpid()}.part")
    try:
        yield temp_path
        temp_path.replace(out)
    finally:
        temp_path.unlink(missing_ok=True)


@contextmanager
def temporary_dossiers(cache: Path, name: str) -> Iterator[Path]:
    """A place for the dossiers of this run alone, which go with it, whatever comes of it."""
    path = cache / f"{name}-{os.getpid()}.dossiers.parquet"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
