"""What a model is held to before it may serve, and what the audit of groups is held to.

The values are dated in `policy.yaml`; training measures them.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProtectedAttribute(FrozenModel):
    """Something the law protects, and the raw columns that say it."""

    attribute: str
    columns: tuple[str, ...] = Field(strict=False, min_length=1)
    """As `table.COLUMN`; the audit groups clients by the first."""
    excluded: bool
    """Whether a model may not use it, nor anything made of it."""
    bands: tuple[float, ...] = Field(strict=False, default=())
    """Years at which the groups of an age begin; without bands every value is a group."""


class GateLimit(FrozenModel):
    """How one gate of training is set."""

    code: str = Field(pattern=r"^CRG\d{3}$")
    blocks: bool
    """Whether a model that fails it is refused; else it is warned of."""
    limit: float
    """In the unit of what the gate measures."""


class FairnessLimit(FrozenModel):
    """What one jurisdiction, or the lender where it names no number, asks of the groups."""

    jurisdiction: str
    attributes: tuple[str, ...] = Field(strict=False, min_length=1)
    """The protected attributes that are audited, by name."""
    least_approval_ratio: float = Field(gt=0, le=1)
    """Approval rate of any group over that of the group approved most."""
    most_calibration_gap: float = Field(gt=0)
    """Calibration-in-the-large of any group, in log-odds, either way."""
    references: tuple[str, ...] = Field(strict=False, min_length=1)
