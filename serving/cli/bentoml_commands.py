"""Command lines of BentoML's own commands, for this home and this environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console

from stores.settings import Settings, configure_libraries


def build_bentoml_command(settings: Settings, *arguments: str) -> list[str]:
    """Return a `bentoml` command line, and set the environment variables that BentoML reads."""
    configure_libraries(settings)
    return [str(Path(sys.executable).with_name("bentoml")), *arguments]


def build_serve_command(settings: Settings, bento: str = "service:CreditScoring") -> list[str]:
    """Return the command that serves a source tree or a built bento on the configured port."""
    address_options = ("--host", settings.host, "--port", str(settings.http_port))
    # The option is missing from `bentoml serve --help`; BentoML passes it to every worker's
    # server. The gRPC server has the same grace period, at the same time.
    grace_options = ("--timeout-graceful-shutdown", str(settings.grace_seconds))
    return build_bentoml_command(settings, "serve", bento, *address_options, *grace_options)


def ensure_champion(settings: Settings, console: Console) -> None:
    """Train on synthetic clients if this home has no champion.

    Raises:
        subprocess.CalledProcessError: The training failed; its output has the reason.
    """
    if settings.model or settings.serving_path.exists():
        return
    console.print(f"No champion under {settings.home} yet: training on synthetic clients.")
    subprocess.run([sys.executable, "-m", "training"], check=True)
