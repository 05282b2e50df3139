"""Mark synthetic tables, so that their models are not taken for models of real clients."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

MARKER_FILE = "synthetic.json"

MARKER_TEXT = "No client in these files ever existed: python -m training.synthesise made them."


def write_marker(folder: Path, tables: Iterable[Path]) -> Path:
    """Write the marker file: the names and sizes in bytes of the synthetic files."""
    content = {"what": MARKER_TEXT, "files": {path.name: path.stat().st_size for path in tables}}
    path = folder / MARKER_FILE
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def is_synthetic(table: Path) -> bool:
    """Return whether the marker file lists this file with its present size."""
    path = table.with_name(MARKER_FILE)
    if not path.exists():
        return False
    files = json.loads(path.read_text(encoding="utf-8"))["files"]
    return bool(files.get(table.name) == table.stat().st_size)
