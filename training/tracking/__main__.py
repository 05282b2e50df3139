"""python -m training.tracking: browse the trainings of a home in MLflow's own pages."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from stores.cli import VersionOption, report_errors
from stores.settings import configure_libraries, get_settings

LOOPBACK = "127.0.0.1"
"""MLflow has no login: it is reachable from this machine only."""

WORKFLOW_TYPE = "machine_learning"
"""MLflow opens on its pages for language models otherwise."""

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.", min=1, max=65_535)] = 5000,
    _version: VersionOption = False,
) -> None:
    """Serve MLflow's pages on runs and models under CREDIT_HOME, until Ctrl-C.

    Nothing is sent elsewhere: MLflow's telemetry is off. If the home was moved, the locations of
    its artifacts are updated first.
    """
    console = Console()
    with report_errors(console):
        settings = get_settings()
        configure_libraries(settings)
        # MLflow reads its environment when it is imported.
        from stores.models.mlflow_artifacts import get_artifact_root  # noqa: PLC0415
        from stores.models.mlflow_registry import open_experiment  # noqa: PLC0415

        experiment_id = open_experiment(settings)
    page = f"experiments/{experiment_id}?workflowType={WORKFLOW_TYPE}"
    console.print(f"http://{LOOPBACK}:{port}/#/{page}", soft_wrap=True)
    # Jobs are for language models; each of their workers would be one more process.
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    command = [
        sys.executable, "-m", "mlflow", "server",
        "--host", LOOPBACK, "--port", str(port), "--workers", "1",
        "--backend-store-uri", settings.mlflow_uri,
        "--default-artifact-root", get_artifact_root(settings), "--no-serve-artifacts",
    ]  # fmt: skip
    os.execv(command[0], command)  # noqa: S606 -- no shell; every argument is ours


if __name__ == "__main__":
    app()
