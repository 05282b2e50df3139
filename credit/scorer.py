"""A fitted model: features in, calibrated risk and exact contributions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
from pydantic import BaseModel, ConfigDict

from credit.dossier import Document, DossierBatch, Floats
from credit.errors import ImpossibleRisk, ModelMismatch
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, Matrix, build
from credit.reference_population import Population


class ModelMetadata(BaseModel):
    """What is known about a model beside its trees; kept as JSON next to them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[str, ...]
    """The columns of the matrix it was fitted on, in their order."""
    categories: dict[str, tuple[str, ...]]
    searched_threshold: float
    """The threshold of least cost out of fold; the served one is the policy's."""
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]] = {}
    """Of some metrics, where 95 % of resamples of the clients lie."""
    card: str = ""
    """The model card, Markdown."""
    importance: dict[str, float]
    """Mean absolute contribution in log-odds, by feature."""
    population: Population
    data: dict[str, Any]
    """What it was trained on: when, clients, tables, fingerprint, code."""


class Scorer:
    """A calibrated LightGBM booster and the encoding it was fitted with."""

    def __init__(
        self, model_text: str, metadata: ModelMetadata, *, version: str, run_id: str = ""
    ) -> None:
        """Load a model from LightGBM's text.

        Args:
            version: Its name and number in the registry.
            run_id: The MLflow run that it was fitted in; empty where there was none.

        Raises:
            ModelMismatch: it was fitted on other features than this version builds.
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
        self.categories = CategoryEncoder(metadata.categories)
        self._booster = lgb.Booster(model_str=model_text)

    def build_features(self, documents: Sequence[Document]) -> Matrix:
        """Shape (documents, features), float32."""
        return build(DossierBatch.from_documents(documents, COLUMNS), self.categories)

    def predict_risk(self, features: Matrix) -> Floats:
        """Calibrated probability of payment difficulties, shape (rows,).

        Raises:
            ImpossibleRisk: the booster answered something that is not a probability.
        """
        # One thread a call: a container's default of all cores costs a hundred milliseconds.
        risks = np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)
        if not ((risks >= 0) & (risks <= 1)).all():
            raise ImpossibleRisk(f"{self.version} answered a risk that is not a probability")
        return risks

    def predict_contributions(self, features: Matrix) -> Floats:
        """Exact TreeSHAP in log-odds, shape (rows, features + 1); the last column is the base.

        Lundberg et al., *From local explanations to global understanding with explainable AI for
        trees* (2020); a row adds up to the logit of its risk.
        """
        shap_values = self._booster.predict(features, num_threads=1, pred_contrib=True)
        return np.asarray(shap_values, dtype=np.float64)

    def decode_row(self, row: Matrix) -> Mapping[str, float | str | None]:
        """A row of features as people read it: words for categories, None for unknown."""
        value_by_feature = dict(zip(CATALOGUE, row.tolist(), strict=True))
        categories = {
            name: self.categories.decode(name, value_by_feature[name])
            for name in self.categories.categories
        }
        # NaN alone differs from itself.
        numbers = {
            name: None if value != value else value for name, value in value_by_feature.items()
        }
        return numbers | categories
