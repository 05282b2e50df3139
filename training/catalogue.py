"""The feature table of docs/features.md: `python -m training.catalogue` writes it anew.

Importances differ with every model: they are in its report, its card and GET /v1/model.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from credit.features import CATALOGUE, Concept, Feature, Risk
from credit.schema import TABLES
from training.wording import cell

PAGE = Path(__file__).parents[1] / "docs" / "features.md"

COMMAND = "python -m training.catalogue"

DIRECTION = {Risk.RISES: "rises", Risk.FALLS: "falls", Risk.FREE: "free"}

app = typer.Typer(add_completion=False)


def feature_table() -> str:
    """Every feature under the concept it is about, as Markdown."""
    lines = [
        "# Features",
        "",
        f"Written by `{COMMAND}` from the declarations in `credit/features`; not to be edited.",
        f"{len(CATALOGUE)} features. *Risk* is how the risk is held to move as the feature grows.",
        "Importances belong to a model: see its report, its card, or `GET /v1/model`.",
    ]
    for concept in Concept:
        if about := [feature for feature in CATALOGUE.values() if feature.concept is concept]:
            lines += ["", f"## {concept.label.en}", "", *_table(about)]
    return "\n".join(lines) + "\n"


def _table(features: list[Feature]) -> Iterator[str]:
    yield "| feature | unit | what it says | ce qu’elle dit | tables | risk |"
    yield "|---|---|---|---|---|---|"
    for feature in features:
        said = f"{cell(feature.label.en)} | {cell(feature.label.fr)}"
        yield (
            f"| `{feature.name}` | {feature.unit.value} | {said} | {_family(feature)} | "
            f"{DIRECTION[feature.risk]} |"
        )


def _family(feature: Feature) -> str:
    """The raw tables it is made of, in the schema's order."""
    used = {source.partition(".")[0] for source in feature.sources}
    return ", ".join(name for name in TABLES if name in used)


@app.command()
def main() -> None:
    """Write docs/features.md from the declared features."""
    PAGE.write_text(feature_table())


if __name__ == "__main__":
    app()
