"""The bento contains every module that its entry points import, and nothing that trains."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml
from pathspec import PathSpec

ROOT = Path(__file__).parents[2]
ENTRY_POINTS = ("service.py", "serving/__main__.py")
"""What a container starts."""

NOT_INSTALLED = {
    "matplotlib",
    "mlflow",
    "pandas",
    "polars",
    "pyarrow",
    "pyspark",
    "shap",
    "sklearn",
}
"""Packages that the image does not have."""


def list_imports(nodes: list[ast.stmt]) -> Iterator[str]:
    """Yield the dotted names that import statements may refer to."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def find_imported_files(file: Path) -> Iterator[Path]:
    """Yield the project's files that are imported with a file."""
    for name in list_imports(ast.parse(file.read_text()).body):
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            module = ROOT.joinpath(*parts[:end])
            candidates = (module.with_suffix(".py"), module / "__init__.py")
            yield from (path for path in candidates if path.is_file())


def find_needed_files() -> set[Path]:
    needed: set[Path] = set()
    remaining = [ROOT / name for name in ENTRY_POINTS]
    while remaining:
        file = remaining.pop()
        if file not in needed:
            needed.add(file)
            remaining += find_imported_files(file)
    return needed


def find_shipped_files() -> set[Path]:
    """Select files as BentoML does, with gitignore patterns."""
    bentofile = yaml.safe_load((ROOT / "bentofile.yaml").read_text())
    included = PathSpec.from_lines("gitwildmatch", bentofile["include"])
    excluded = PathSpec.from_lines("gitwildmatch", bentofile["exclude"])
    folders = ("credit", "serving", "stores", "training", "tests", "docs")
    files = [*ROOT.glob("*"), *(path for name in folders for path in (ROOT / name).rglob("*"))]
    names = [path.relative_to(ROOT).as_posix() for path in files if path.is_file()]
    return {
        ROOT / name
        for name in names
        if included.match_file(name)
        and not excluded.match_file(name)
        and "__pycache__" not in name
    }


def test_the_bento_contains_every_file_that_its_entry_points_import() -> None:
    needed, shipped = find_needed_files(), find_shipped_files()
    assert len(needed) > 50
    assert {str(path.relative_to(ROOT)) for path in needed - shipped} == set()
    assert ROOT / "credit" / "policy.yaml" in shipped


def test_the_bento_contains_nothing_that_trains() -> None:
    shipped = find_shipped_files()
    packages = {path.relative_to(ROOT).parts[0] for path in shipped}
    assert packages == {"service.py", "credit", "serving", "stores"}
    offenders = [
        (str(path.relative_to(ROOT)), name)
        for path in shipped
        if path.suffix == ".py"
        for name in list_imports(list(ast.walk(ast.parse(path.read_text()))))  # type: ignore[arg-type]  # walks any node
        if name.partition(".")[0] in NOT_INSTALLED
    ]
    assert offenders == []
