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

from credit.features import CATALOGUE, Concept, Feature, Risk
from credit.schema import TABLES
from credit.scorer import Facts
from stores.atomic_files import whole
from stores.cli import errors_told
from stores.settings import direct_libraries, settings
from training.reporting.formatting import cell

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "features.md"
IMPORTANCES = DOCS / "importances.json"

TABLE = PAGE.name

COMMAND = "python -m training.reporting.feature_catalogue"
WITH_MODEL = f"{COMMAND} --model champion"

CHAMPION = "champion"

DIRECTION = {Risk.RISES: "rises", Risk.FALLS: "falls", Risk.FREE: "free"}

app = typer.Typer(add_completion=False)


class Importances(BaseModel):
    """What features weigh in a model's answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """What it learnt from, and when."""
    importance: dict[str, float]
    """By feature, log-odds."""

    @classmethod
    def of(cls, facts: Facts) -> Self:
        data = facts.data
        beside = "".join(f" and a folder of {also['clients']:,}" for also in data.get("also", ()))
        taught = f"{data['clients']:,} clients{beside}, {data['trained_at'][:10]}"
        weights = {name: round(weight, 4) for name, weight in facts.importance.items()}
        return cls(model=f"{taught}, data {data['fingerprint'][:16]}", importance=weights)


def feature_table(told: Importances) -> str:
    """Every feature under the concept it is about, as Markdown."""
    lines = [
        "# Features",
        "",
        f"Written by `{COMMAND}` from the declarations in `credit/features`; not to be edited.",
        f"{len(CATALOGUE)} features. *Family*: the raw tables that it is made of. *Risk*: how it",
        "is held to move as the feature grows. *Importance*: the mean absolute contribution over",
        f"clients, in log-odds, in a model of {told.model}.",
        f"`{WITH_MODEL}` writes the table for the model that serves;",
        "`GET /v1/model` tells its importances.",
    ]
    for concept in Concept:
        if about := [feature for feature in CATALOGUE.values() if feature.concept is concept]:
            lines += ["", f"## {concept.label.en}", "", *_table(about, told.importance)]
    return "\n".join(lines) + "\n"


def _table(features: list[Feature], importance: Mapping[str, float]) -> Iterator[str]:
    yield "| feature | unit | what it says | ce qu’elle dit | family | risk | importance |"
    yield "|---|---|---|---|---|---|---|"
    for feature in features:
        said = f"{cell(feature.label.en)} | {cell(feature.label.fr)}"
        weight = importance.get(feature.name)  # none of a feature younger than the model
        yield (
            f"| `{feature.name}` | {feature.unit.value} | {said} | {_family(feature)} | "
            f"{DIRECTION[feature.risk]} | {'–' if weight is None else f'{weight:.4f}'} |"
        )


def _family(feature: Feature) -> str:
    """The raw tables it is made of, in the schema's order."""
    used = {source.partition(".")[0] for source in feature.sources}
    return ", ".join(name for name in TABLES if name in used)


@app.command()
def main(
    *,
    model: Annotated[
        str | None,
        typer.Option(help=f"`{CHAMPION}`, or a tag of the BentoML store: with its importances."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the model's importances in docs/importances.json.")
    ] = False,
) -> None:
    """Write docs/features.md from the declared features.

    With a model, reports/features.md under CREDIT_HOME instead, unless its importances are kept.
    """
    if keep and model is None:
        raise typer.BadParameter("--keep goes with --model: whose importances?")
    console = Console()
    path = PAGE
    with errors_told(console):
        if model is None:
            told = Importances.model_validate_json(IMPORTANCES.read_text())
        else:
            told, reports = _of_model(model)
            if keep:
                IMPORTANCES.write_text(told.model_dump_json(indent=1) + "\n")
            else:
                path = reports / TABLE
        with whole(path) as part:
            part.write_text(feature_table(told), encoding="utf-8")
    console.print(f"{path}", soft_wrap=True)


def _of_model(model: str) -> tuple[Importances, Path]:
    """A model's importances, and where this home's reports lie."""
    where = settings()
    direct_libraries(where)
    # Imported now: BentoML reads its home at import.
    from stores.models.bento_store import champion_tag, facts_of, find  # noqa: PLC0415

    facts = facts_of(find(champion_tag(where) if model == CHAMPION else model))
    return Importances.of(facts), where.reports


if __name__ == "__main__":
    app()
