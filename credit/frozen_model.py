"""Define the base classes of data that is read from YAML or JSON and never changed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """An immutable model that rejects unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StrictFrozenModel(FrozenModel):
    """A frozen model that also rejects values of another type: "1" is not a number."""

    model_config = ConfigDict(strict=True)
