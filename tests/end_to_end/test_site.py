"""Test the documentation site: it builds without a warning and loads nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r"""<(?:script|img|iframe|link(?=[^>]*rel="?(?:stylesheet|preload|icon)))[^>]*"""
    r"""\b(?:src|href)="?(https?:)?//"""
)
"""Markup that makes a browser request something of another host."""


@pytest.mark.slow
def test_the_site_builds_strictly_and_makes_no_request_to_another_host(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-2000:]
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > 100
    assert [str(page) for page in pages if LOADED.search(page.read_text(encoding="utf-8"))] == []
