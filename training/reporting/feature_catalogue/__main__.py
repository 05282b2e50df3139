"""python -m training.reporting.feature_catalogue: write the table of features.

The importances of docs/features.md come from the model that docs/importances.json names.
`--model champion --keep` replaces them. Without `--keep`, the table of that model goes to the
reports folder. Every training also writes the table of its own model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stores.atomic_files import atomic_write
from stores.cli import VersionOption, report_errors
from stores.settings import configure_libraries, get_settings
from training.reporting.feature_catalogue.table import (
    CATALOGUE_FILE,
    CATALOGUE_PAGE,
    CHAMPION,
    IMPORTANCES_FILE,
    FeatureImportances,
    build_feature_table,
)

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    model: Annotated[
        str | None,
        typer.Option(
            help=f"`{CHAMPION}` or a tag of the BentoML store: show this model's importances."
        ),
    ] = None,
    keep_importances: Annotated[
        bool, typer.Option("--keep", help="Save the model's importances in docs/importances.json.")
    ] = False,
    _version: VersionOption = False,
) -> None:
    """Write docs/features.md from the declared features.

    With a model, write reports/features.md under CREDIT_HOME instead, unless its importances are
    kept.
    """
    if keep_importances and model is None:
        raise typer.BadParameter("--keep needs --model, which names the model of the importances")
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
    """Return the importances of a model of the BentoML store, and the reports folder."""
    settings = get_settings()
    configure_libraries(settings)
    # BentoML reads its home directory when it is first imported.
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
