"""Test the notes of a release, which are a section of CHANGELOG.md."""

from __future__ import annotations

import subprocess
from pathlib import Path

from credit import __version__

ROOT = Path(__file__).parents[2]


def release_notes(version: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "deploy" / "release-notes", version], capture_output=True, text=True, check=False
    )


def test_the_notes_of_this_version_are_its_section_and_no_other() -> None:
    notes = release_notes(__version__)
    assert notes.returncode == 0, notes.stderr
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    section = changelog.split(f"## {__version__}")[1].split("\n## ")[0]
    assert notes.stdout.strip() == section.partition("\n")[2].strip()


def test_a_version_without_a_section_is_an_error() -> None:
    notes = release_notes("0.0.9")
    assert notes.returncode == 1
    assert notes.stderr == "CHANGELOG.md has no section '## 0.0.9'\n"
