"""Warnings that Evidently 0.7.23 and its dependency litestar raise when imported."""

import pytest

IGNORE_EVIDENTLY_WARNINGS = [
    pytest.mark.filterwarnings("ignore:numpy.core is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:invalid escape sequence"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:litestar"),
]
"""Marks for tests that import Evidently; the import must be inside a test or a fixture."""
