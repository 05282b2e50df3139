"""Where the page listens and whom it asks, read from `CREDIT_*`.

The names are those of the platform's settings; the page runs where the stores may not be.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What differs between a laptop and production.

    >>> Settings(http_port=3100).api
    'http://127.0.0.1:3100'
    """

    model_config = SettingsConfigDict(env_prefix="CREDIT_", frozen=True)

    home: Path = Path("var")
    """Folder of all state; the page keeps none, but libraries have caches."""

    host: str = "127.0.0.1"
    """Address the page listens on."""

    ui_port: int = Field(default=7860, ge=1, le=65_535)
    http_port: int = Field(default=3000, ge=1, le=65_535)
    """The API's port on this machine, for when `api_url` is unset."""

    api_url: str | None = None

    @property
    def api(self) -> str:
        return self.api_url or f"http://127.0.0.1:{self.http_port}"

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "localhost", "::1"}


def configure_libraries(settings: Settings) -> None:
    """Keep what libraries write under `home`; call it before Gradio is imported.

    Gradio imports matplotlib whenever it answers, and that keeps a cache of fonts.
    """
    cache = (settings.home / "cache").absolute()
    os.environ["MPLCONFIGDIR"] = str(cache / "matplotlib")
    os.environ["GRADIO_TEMP_DIR"] = str(cache / "gradio")
