"""Import LightGBM without its optional dependencies.

LightGBM imports pandas and scikit-learn wherever they are installed. This costs seconds and memory
that serving does not need. The serving image has neither; a source tree then behaves alike.
"""

from __future__ import annotations

import importlib
import sys

HEAVY_MODULES = ("pandas", "sklearn")


def import_lightgbm_alone() -> None:
    """Import LightGBM as if pandas and scikit-learn were absent; later imports find them again."""
    hidden = [name for name in HEAVY_MODULES if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None refuses an import
    try:
        importlib.import_module("lightgbm")
    finally:
        for name in hidden:
            del sys.modules[name]
