"""Define protected attributes, limits of gates and limits of fairness.

Their values are dated in `policy.yaml`; training checks models against them.
"""

from __future__ import annotations

from pydantic import Field

from credit.frozen_model import StrictFrozenModel


class ProtectedAttribute(StrictFrozenModel):
    """A trait that the law protects, and the raw columns that reveal it."""

    attribute: str
    columns: tuple[str, ...] = Field(strict=False, min_length=1)
    """Raw columns as `table.COLUMN`; the audit groups clients by the first."""
    excluded: bool
    """True: no model may use it or anything derived from it."""
    bands: tuple[float, ...] = Field(strict=False, default=())
    """Lower bounds of age groups in years; without bands every value is a group."""


class GateLimit(StrictFrozenModel):
    """The limit of one gate of training."""

    code: str = Field(pattern=r"^CRG\d{3}$")
    blocks: bool
    """True: a model that fails is refused. False: it gets a warning."""
    limit: float
    """Limit in the unit of the gate's measurement."""


class FairnessLimit(StrictFrozenModel):
    """Fairness limits of one jurisdiction, or of the lender where the law has no number."""

    jurisdiction: str
    attributes: tuple[str, ...] = Field(strict=False, min_length=1)
    """The protected attributes that are audited, by name."""
    least_approval_ratio: float = Field(gt=0, le=1)
    """Lowest approval rate of a group, divided by that of the group with the highest."""
    most_calibration_gap: float = Field(gt=0)
    """Largest absolute calibration-in-the-large of a group, in log-odds."""
    references: tuple[str, ...] = Field(strict=False, min_length=1)
