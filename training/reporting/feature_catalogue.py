"""The feature table of docs/features.md: `python -m training.reporting.feature_catalogue` writes it anew.

Importances differ with every model. Those in the page are of one that is named there, kept in
docs/importances.json: `--model champion --keep` replaces them. Without `--keep` the table of a
model is written under `reports`; every training keeps that of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Self

import typer
from pydantic import BaseModel, ConfigDict
from rich.console import Console

from credit.features import CATALOGUE, Concept, Feature, RiskDirection
from credit.schema import TABLES
from credit.scorer import ModelMetadata
from stores.atomic_files import atomic_write
from stores.cli import report_errors
from stores.settings import configure_libraries, get_settings
from training.reporting.formatting import escape_table_cell

DOCS_FOLDER = Path(__file__).parents[2] / "docs"
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

app = typer.Typer(add_completion=False)


class FeatureImportances(BaseModel):
    """What features weigh in a model's answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """What it learnt from, and when."""
    importance: dict[str, float]
    """By feature, log-odds."""

    @classmethod
    def from_model_metadata(cls, model_metadata: ModelMetadata) -> Self:
        data_metadata = model_metadata.data
        auxiliary_text = "".join(
            f" and a folder of {auxiliary['clients']:,}"
            for auxiliary in data_metadata.get("also", ())
        )
        training_text = f"{data_metadata['clients']:,} clients{auxiliary_text}, {data_metadata['trained_at'][:10]}"
        weights = {name: round(weight, 4) for name, weight in model_metadata.importance.items()}
        return cls(
            model=f"{training_text}, data {data_metadata['fingerprint'][:16]}", importance=weights
        )


def build_feature_table(importances: FeatureImportances) -> str:
    """Every feature under the concept it is about, as Markdown."""
    lines = [
        "# Features",
        "",
        f"Written by `{CATALOGUE_COMMAND}` from the declarations in `credit/features`; not to be edited.",
        f"{len(CATALOGUE)} features. *Family*: the raw tables that it is made of. *Risk*: how it",
        "is held to move as the feature grows. *Importance*: the mean absolute contribution over",
        f"clients, in log-odds, in a model of {importances.model}.",
        f"`{CHAMPION_CATALOGUE_COMMAND}` writes the table for the model that serves;",
        "`GET /v1/model` tells its importances.",
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
    yield "| feature | unit | what it says | ce qu’elle dit | family | risk | importance |"
    yield "|---|---|---|---|---|---|---|"
    for feature in features:
        labels = f"{escape_table_cell(feature.label.en)} | {escape_table_cell(feature.label.fr)}"
        weight = importance.get(feature.name)  # none of a feature younger than the model
        yield (
            f"| `{feature.name}` | {feature.unit.value} | {labels} | {_format_source_tables(feature)} | "
            f"{RISK_DIRECTION_LABELS[feature.risk]} | {'–' if weight is None else f'{weight:.4f}'} |"
        )


def _format_source_tables(feature: Feature) -> str:
    """The raw tables it is made of, in the schema's order."""
    source_tables = {source.partition(".")[0] for source in feature.sources}
    return ", ".join(name for name in TABLES if name in source_tables)


@app.command()
def main(
    *,
    model: Annotated[
        str | None,
        typer.Option(help=f"`{CHAMPION}`, or a tag of the BentoML store: with its importances."),
    ] = None,
    keep_importances: Annotated[
        bool, typer.Option("--keep", help="Keep the model's importances in docs/importances.json.")
    ] = False,
) -> None:
    """Write docs/features.md from the declared features.

    With a model, reports/features.md under CREDIT_HOME instead, unless its importances are kept.
    """
    if keep_importances and model is None:
        raise typer.BadParameter("--keep goes with --model: whose importances?")
    console = Console()
    path = CATALOGUE_PAGE
    with report_errors(console):
        if model is None:
            importances = FeatureImportances.model_validate_json(IMPORTANCES_FILE.read_text())
        else:
            importances, reports_folder = _load_importances(model)
            if keep_importances:
                IMPORTANCES_FILE.write_text(importances.model_dump_json(indent=1) + "\n")
            else:
                path = reports_folder / CATALOGUE_FILE
        with atomic_write(path) as temp_path:
            temp_path.write_text(build_feature_table(importances), encoding="utf-8")
    console.print(f"{path}", soft_wrap=True)


def _load_importances(model: str) -> tuple[FeatureImportances, Path]:
    """A model's importances, and where this home's reports lie."""
    settings = get_settings()
    configure_libraries(settings)
    # Imported now: BentoML reads its home at import.
    from stores.models.bento_store import (  # noqa: PLC0415
        find_bento_model,
        get_champion_tag,
        load_model_metadata,
    )

    model_metadata = load_model_metadata(
        find_bento_model(get_champion_tag(settings) if model == CHAMPION else model)
    )
    return FeatureImportances.from_model_metadata(model_metadata), settings.reports_folder


if __name__ == "__main__":
    app()
