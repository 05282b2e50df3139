"""How BentoML's own commands are run: with this home, from this environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console

from stores.settings import Settings, configure_libraries


def build_bentoml_command(settings: Settings, *arguments: str) -> list[str]:
    """A `bentoml` command line; the environment is set, for BentoML reads it at its start."""
    configure_libraries(settings)
    return [str(Path(sys.executable).with_name("bentoml")), *arguments]


def build_serve_command(settings: Settings, bento: str = "service:CreditScoring") -> list[str]:
    """Serve a source tree or a built bento on this home's port."""
    address_options = ("--host", settings.host, "--port", str(settings.http_port))
    # Not in `bentoml serve --help`, and passed on to every worker's server. gRPC has as long, at
    # the same time.
    grace_options = ("--timeout-graceful-shutdown", str(settings.grace_seconds))
    return build_bentoml_command(settings, "serve", bento, *address_options, *grace_options)


def ensure_champion(settings: Settings, console: Console) -> None:
    """Train on synthetic clients when no model serves under this home.

    Raises:
        subprocess.CalledProcessError: the training failed; it has said why.
    """
    if settings.model or settings.serving_path.exists():
        return
    console.print(f"No model serves under {settings.home} yet: training on synthetic clients.")
    subprocess.run([sys.executable, "-m", "training"], check=True)
