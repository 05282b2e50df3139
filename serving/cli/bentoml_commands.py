"""How BentoML's own commands are run: with this home, from this environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console

from stores.settings import Settings, direct_libraries


def bentoml_command(where: Settings, *arguments: str) -> list[str]:
    """A `bentoml` command line; the environment is set, for BentoML reads it at its start."""
    direct_libraries(where)
    return [str(Path(sys.executable).with_name("bentoml")), *arguments]


def serve_command(where: Settings, bento: str = "service:CreditScoring") -> list[str]:
    """Serve a source tree or a built bento on this home's port."""
    at = ("--host", where.host, "--port", str(where.http_port))
    # Not in `bentoml serve --help`, and passed on to every worker's server. gRPC has as long, at
    # the same time.
    grace = ("--timeout-graceful-shutdown", str(where.grace))
    return bentoml_command(where, "serve", bento, *at, *grace)


def make_sure_of_a_champion(where: Settings, console: Console) -> None:
    """Train on synthetic clients when no model serves under this home.

    Raises:
        subprocess.CalledProcessError: the training failed; it has said why.
    """
    if where.model or where.serving.exists():
        return
    console.print(f"No model serves under {where.home} yet: training on synthetic clients.")
    subprocess.run([sys.executable, "-m", "training"], check=True)
