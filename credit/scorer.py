"""A fitted model: features in, calibrated risk and exact contributions out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from credit.dossier import Document, DossierBatch, Floats
from credit.errors import ImpossibleRisk, ModelMismatch
from credit.features import (
    CATALOGUE,
    COLUMNS,
    CategoryEncoder,
    FittedFeatures,
    LoanTerms,
    Matrix,
    build,
)
from credit.reference_population import Population


class ModelMetadata(BaseModel):
    """Everything about a model but its trees; stored as JSON next to them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[str, ...]
    """Columns of the training matrix, in order."""
    categories: dict[str, tuple[str, ...]]
    loan_terms: LoanTerms = Field(default_factory=LoanTerms.usual)
    """Usual terms of loans that the model estimates the term of the credit with."""
    log_odds_deviation: float | None = None
    """Standard deviation of a client's log-odds over trainings; None if not measured."""
    commonly_stated: tuple[str, ...] = ()
    """Columns of the form that nearly every training client stated (policy.yaml)."""
    searched_threshold: float
    """Threshold with the lowest cost out of fold; the policy sets the one that is served."""
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]] = {}
    """95 % bootstrap intervals of some metrics."""
    card: str = ""
    """The model card, Markdown."""
    importance: dict[str, float]
    """Mean absolute contribution in log-odds, by feature."""
    population: Population
    data: dict[str, Any]
    """Provenance of the training: date, clients, tables, fingerprint, code."""


class Scorer:
    """A calibrated LightGBM booster and the encoding it was fitted with."""

    def __init__(
        self, model_text: str, metadata: ModelMetadata, *, version: str, run_id: str = ""
    ) -> None:
        """Load a model from LightGBM's text.

        Args:
            model_text: The trees, calibrated.
            metadata: Everything else about the model.
            version: Name and number in the registry.
            run_id: MLflow run of the training; empty if there is none.

        Raises:
            ModelMismatch: It was fitted on other features than this version builds.
        """
        if metadata.features != tuple(CATALOGUE):
            expected, built = set(metadata.features), set(CATALOGUE)
            raise ModelMismatch(
                f"{version} was fitted on other features; "
                f"not built here: {sorted(expected - built)[:5]}; "
                f"new here: {sorted(built - expected)[:5]}; train again"
            )
        self.model_text = model_text
        self.metadata = metadata
        self.version = version
        self.run_id = run_id
        self.fitted = FittedFeatures(
            categories=CategoryEncoder(metadata.categories), loan_terms=metadata.loan_terms
        )
        self._booster = lgb.Booster(model_str=model_text)

    def build_features(self, documents: Sequence[Document]) -> Matrix:
        """Return the feature matrix, shape (documents, features), float32; NaN for unknown."""
        return build(DossierBatch.from_documents(documents, COLUMNS), self.fitted)

    def predict_risk(self, features: Matrix) -> Floats:
        """Return the calibrated probability of payment difficulties, shape (rows,).

        Raises:
            ImpossibleRisk: The booster returned something that is not a probability.
        """
        # One thread per call: LightGBM's default of all cores costs 100 ms in a container.
        risks = np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)
        if not ((risks >= 0) & (risks <= 1)).all():
            raise ImpossibleRisk(f"{self.version} returned a risk that is not a probability")
        return risks

    def dump_trees(self) -> dict[str, Any]:
        """Return the trees as LightGBM describes them (`Booster.dump_model`)."""
        trees: dict[str, Any] = self._booster.dump_model()
        return trees

    def predict_contributions(self, features: Matrix) -> Floats:
        """Return exact TreeSHAP values in log-odds, shape (rows, features + 1), the base last.

        Lundberg et al., *From local explanations to global understanding with explainable AI for
        trees* (2020); a row adds up to the logit of its risk.
        """
        shap_values = self._booster.predict(features, num_threads=1, pred_contrib=True)
        return np.asarray(shap_values, dtype=np.float64)

    def decode_row(self, row: Matrix) -> Mapping[str, float | str | None]:
        """Convert a row of features to values by name: text for categories, None for unknown."""
        value_by_feature = dict(zip(CATALOGUE, row.tolist(), strict=True))
        categories = {
            name: self.fitted.categories.decode(name, value_by_feature[name])
            for name in self.fitted.categories.categories
        }
        numbers = {
            name: None if math.isnan(value) else value for name, value in value_by_feature.items()
        }
        return numbers | categories
