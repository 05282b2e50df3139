"""Engines that move rows: this machine's own, or Spark's on many. The kernel is the same."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """What groups tables into dossiers."""

    LOCAL = "local"
    SPARK = "spark"
