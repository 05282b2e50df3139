"""Build the table of all features, grouped by concept, with their importance in one model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from credit.features import CATALOGUE, Concept, Feature, RiskDirection
from credit.schema import TABLES
from credit.scorer import ModelMetadata
from training.reporting.formatting import escape_table_cell

DOCS_FOLDER = Path(__file__).parents[3] / "docs"
CATALOGUE_PAGE = DOCS_FOLDER / "features.md"
IMPORTANCES_FILE = DOCS_FOLDER / "importances.json"

CATALOGUE_FILE = CATALOGUE_PAGE.name

CATALOGUE_COMMAND = "python -m training.reporting.feature_catalogue"
CHAMPION_CATALOGUE_COMMAND = f"{CATALOGUE_COMMAND} --model champion"

CHAMPION = "champion"

RISK_DIRECTION_LABELS = {
    RiskDirection.RISES: "rises",
    RiskDirection.FALLS: "falls",
    RiskDirection.FREE: "free",
}


class FeatureImportances(BaseModel):
    """The importance of each feature in one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """Describes the model: its training clients, date and data fingerprint."""
    importance: dict[str, float]
    """Mean absolute contribution by feature, in log-odds."""

    @classmethod
    def from_model_metadata(cls, model_metadata: ModelMetadata) -> Self:
        """Take the importances of a model, rounded to four decimals."""
        data_metadata = model_metadata.data
        auxiliary_text = "".join(
            f" and a folder of {auxiliary['clients']:,}"
            for auxiliary in data_metadata.get("also", ())
        )
        description = (
            f"{data_metadata['clients']:,} clients{auxiliary_text}, "
            f"{data_metadata['trained_at'][:10]}, data {data_metadata['fingerprint'][:16]}"
        )
        weights = {name: round(weight, 4) for name, weight in model_metadata.importance.items()}
        return cls(model=description, importance=weights)


def build_feature_table(importances: FeatureImportances) -> str:
    """Build the Markdown table of every feature, one section per concept."""
    lines = [
        "# Features",
        "",
        f"Written by `{CATALOGUE_COMMAND}` from the declarations",
        f"in `credit/features`; do not edit. {len(CATALOGUE)} features.",
        "*Family*: the raw tables that a feature uses. *Risk*: the declared direction of the risk",
        "as the feature grows. *Importance*: the mean absolute contribution over clients, in",
        f"log-odds, in a model of {importances.model}.",
        f"`{CHAMPION_CATALOGUE_COMMAND}` writes the table for the champion;",
        "`GET /v1/model` returns its importances.",
    ]
    for concept in Concept:
        if concept_features := [
            feature for feature in CATALOGUE.values() if feature.concept is concept
        ]:
            lines += [
                "",
                f"## {concept.label.en}",
                "",
                *_iter_table_lines(concept_features, importances.importance),
            ]
    return "\n".join(lines) + "\n"


def _iter_table_lines(features: list[Feature], importance: Mapping[str, float]) -> Iterator[str]:
    yield "| feature | unit | meaning | signification | family | risk | importance |"
    yield "|---|---|---|---|---|---|---|"
    for feature in features:
        weight = importance.get(feature.name)  # None for a feature that the model does not have
        values = (
            f"`{feature.name}`",
            feature.unit.value,
            escape_table_cell(feature.label.en),
            escape_table_cell(feature.label.fr),
            _format_source_tables(feature),
            RISK_DIRECTION_LABELS[feature.risk],
            "–" if weight is None else f"{weight:.4f}",
        )
        yield f"| {' | '.join(values)} |"


def _format_source_tables(feature: Feature) -> str:
    """List the raw tables that a feature uses, in the order of the schema."""
    source_tables = {source.partition(".")[0] for source in feature.sources}
    return ", ".join(name for name in TABLES if name in source_tables)
