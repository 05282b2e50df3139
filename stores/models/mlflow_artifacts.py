"""Keep MLflow's artifacts inside the home, and readable after the home was moved.

MLflow stores the absolute location of every artifact, and has no command to change one. Its own
table definitions are used here, so that another version of MLflow fails loudly.
"""

from __future__ import annotations

from mlflow.store.model_registry.dbmodels.models import SqlModelVersion
from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlLoggedModel, SqlRun
from sqlalchemy import create_engine, func, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from stores.settings import Settings

DEFAULT_EXPERIMENT_ID = 0
"""The experiment that MLflow creates in every store, with artifacts in the working directory."""

LOCATION_COLUMNS: tuple[InstrumentedAttribute[str], ...] = (
    SqlExperiment.artifact_location,
    SqlRun.artifact_uri,
    SqlLoggedModel.artifact_location,
    SqlModelVersion.storage_location,
    SqlModelVersion.source,
)
"""Every column with the location of an artifact."""


def get_artifact_root(settings: Settings) -> str:
    """Return the `file:` URI of the folder of all artifacts under `home`."""
    return (settings.home / "mlflow" / "artifacts").absolute().as_uri()


def move_artifact_locations(settings: Settings, old_root: str) -> None:
    """Replace the beginning of every stored location that lies under an old root.

    Args:
        settings: The home of the store to change.
        old_root: `file:` URI of the folder of artifacts before the home was moved.
    """
    new_root = get_artifact_root(settings)
    if old_root == new_root:
        return
    engine = create_engine(settings.mlflow_uri)
    with Session(engine) as session, session.begin():
        for column in LOCATION_COLUMNS:
            is_moved = (column == old_root) | column.startswith(f"{old_root}/", autoescape=True)
            new_location = new_root + func.substr(column, len(old_root) + 1)
            session.execute(
                update(column.class_).where(is_moved).values({column: new_location}),
                execution_options={"synchronize_session": False},
            )
    engine.dispose()


def move_default_experiment_into_home(settings: Settings) -> None:
    """Let runs of MLflow's `Default` experiment write their artifacts under `home`.

    Runs that it already has keep their locations.
    """
    location = f"{get_artifact_root(settings)}/{DEFAULT_EXPERIMENT_ID}"
    engine = create_engine(settings.mlflow_uri)
    with Session(engine) as session, session.begin():
        session.execute(
            update(SqlExperiment)
            .where(SqlExperiment.experiment_id == DEFAULT_EXPERIMENT_ID)
            .where(SqlExperiment.artifact_location != location)
            .values(artifact_location=location)
        )
    engine.dispose()
