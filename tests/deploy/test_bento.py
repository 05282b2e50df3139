"""The bento holds what it imports: nobody finds out at its first start."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
STARTS = ("service.py", "serving/__main__.py")
"""What is started in a container."""


def imported(file: Path) -> Iterator[Path]:
    """Our own files that a file imports when it is imported itself."""
    for node in ast.parse(file.read_text()).body:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
        for name in names:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                place = ROOT.joinpath(*parts[:end])
                yield from (
                    p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()
                )


def closure() -> set[Path]:
    found: set[Path] = set()
    left = [ROOT / start for start in STARTS]
    while left:
        file = left.pop()
        if file not in found:
            found.add(file)
            left += imported(file)
    return found


def test_the_bento_holds_every_file_that_its_starts_import() -> None:
    told = yaml.safe_load((ROOT / "bentofile.yaml").read_text())
    held = {path for pattern in told["include"] for path in ROOT.glob(pattern)}
    held -= {ROOT / pattern for pattern in told["exclude"]}
    needed = closure()
    assert len(needed) > 50
    assert {str(path.relative_to(ROOT)) for path in needed - held} == set()
