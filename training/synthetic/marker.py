"""The mark beside synthetic tables: a model of them must not be taken for one of clients."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

MARKER_FILE = "synthetic.json"

MARKER_TEXT = "No client in these files ever existed: python -m training.synthesise made them."


def write_marker(folder: Path, tables: Iterable[Path]) -> Path:
    """Write into a folder which files are synthetic, by name and size."""
    content = {"what": MARKER_TEXT, "files": {path.name: path.stat().st_size for path in tables}}
    path = folder / MARKER_FILE
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def is_synthetic(table: Path) -> bool:
    """Whether the mark beside a file names it; another file of its name is not meant."""
    path = table.with_name(MARKER_FILE)
    if not path.exists():
        return False
    files = json.loads(path.read_text(encoding="utf-8"))["files"]
    return bool(files.get(table.name) == table.stat().st_size)
