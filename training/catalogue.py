"""The feature table of docs/features.md: `python -m training.catalogue` writes it anew.

Importances differ with every model, and with every machine that trains it: `--model champion`
writes the table with those of a model under `reports`, and every training keeps that of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from credit.features import CATALOGUE, Concept, Feature, Risk
from credit.schema import TABLES
from stores.console import errors_told
from stores.settings import direct_libraries, settings
from stores.writing import whole
from training.wording import cell

PAGE = Path(__file__).parents[1] / "docs" / "features.md"

TABLE = PAGE.name

COMMAND = "python -m training.catalogue"
WITH_MODEL = f"{COMMAND} --model champion"

CHAMPION = "champion"

DIRECTION = {Risk.RISES: "rises", Risk.FALLS: "falls", Risk.FREE: "free"}

app = typer.Typer(add_completion=False)


def feature_table(importance: Mapping[str, float] | None = None) -> str:
    """Every feature under the concept it is about, as Markdown.

    Args:
        importance: Of a model, by feature; a column of its own.
    """
    lines = [
        "# Features",
        "",
        f"Written by `{COMMAND}` from the declarations in `credit/features`; not to be edited.",
        f"{len(CATALOGUE)} features. *Risk* is how the risk is held to move as the feature grows.",
        "*Importance* is the model's mean absolute contribution over clients, in log-odds."
        if importance
        else "Importances belong to a model, and two machines need not train the same one: every\n"
        f"training keeps this table with its own, `{WITH_MODEL}`\n"
        "writes it for the model that serves, and `GET /v1/model` tells them.",
    ]
    for concept in Concept:
        if about := [feature for feature in CATALOGUE.values() if feature.concept is concept]:
            lines += ["", f"## {concept.label.en}", "", *_table(about, importance)]
    return "\n".join(lines) + "\n"


def _table(features: list[Feature], importance: Mapping[str, float] | None) -> Iterator[str]:
    last = " importance |" if importance else ""
    yield f"| feature | unit | what it says | ce qu’elle dit | tables | risk |{last}"
    yield f"|---|---|---|---|---|---|{'---|' if importance else ''}"
    for feature in features:
        said = f"{cell(feature.label.en)} | {cell(feature.label.fr)}"
        weight = f" {importance[feature.name]:.4f} |" if importance else ""
        yield (
            f"| `{feature.name}` | {feature.unit.value} | {said} | {_family(feature)} | "
            f"{DIRECTION[feature.risk]} |{weight}"
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
) -> None:
    """Write docs/features.md from the declared features.

    With a model, reports/features.md under CREDIT_HOME instead, with a column of importances.
    """
    if model is None:
        PAGE.write_text(feature_table())
        return
    console = Console()
    with errors_told(console):
        path = _with_importance(model)
    console.print(f"{path}", soft_wrap=True)


def _with_importance(model: str) -> Path:
    where = settings()
    direct_libraries(where)
    # Imported now: BentoML reads its home at import.
    from stores.models import champion_tag, facts_of, find  # noqa: PLC0415

    facts = facts_of(find(champion_tag(where) if model == CHAMPION else model))
    path = where.reports / TABLE
    with whole(path) as part:
        part.write_text(feature_table(facts.importance), encoding="utf-8")
    return path


if __name__ == "__main__":
    app()
