"""LightGBM without what it imports when it can.

It takes pandas and scikit-learn along wherever they are installed: seconds and memory that serving
has no use for. The serving image has neither; a source tree serves as the image does.
"""

from __future__ import annotations

import importlib
import sys

HEAVY_MODULES = ("pandas", "sklearn")


def import_lightgbm_alone() -> None:
    """Import LightGBM as if nothing heavy were installed; later imports find it all again."""
    hidden = [name for name in HEAVY_MODULES if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None refuses an import
    try:
        importlib.import_module("lightgbm")
    finally:
        for name in hidden:
            del sys.modules[name]
