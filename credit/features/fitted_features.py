"""What the features learn in training, without labels. It is stored with the model."""

from __future__ import annotations

from dataclasses import dataclass, field

from credit.features.category_encoder import CategoryEncoder
from credit.features.loan_terms import LoanTerms


@dataclass(frozen=True, kw_only=True)
class FittedFeatures:
    """The fitted parts of the features: known categories, and usual terms of loans."""

    categories: CategoryEncoder
    loan_terms: LoanTerms = field(default_factory=LoanTerms.usual)
