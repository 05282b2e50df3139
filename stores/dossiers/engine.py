"""Engines that group rows: the local one, or Spark. Features are computed by the same kernel."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """An engine that groups tables into dossiers."""

    LOCAL = "local"
    SPARK = "spark"
