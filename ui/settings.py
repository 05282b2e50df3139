"""Settings of the page, read from `CREDIT_*` variables.

The variables are those of the platform's settings. They are declared here again, because the page
is deployed without the stores.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Addresses and folders of the page.

    >>> Settings(http_port=3100).api
    'http://127.0.0.1:3100'
    """

    model_config = SettingsConfigDict(
        env_prefix="CREDIT_", frozen=True, use_attribute_docstrings=True
    )

    home: Path = Path("var")
    """Folder of all state; the page has none, but libraries have caches."""

    host: str = "127.0.0.1"
    """Address the page listens on."""

    ui_port: int = Field(default=7860, ge=1, le=65_535)
    """Port the page listens on."""

    http_port: int = Field(default=3000, ge=1, le=65_535)
    """Port of the API on this machine; used if `api_url` is unset."""

    api_url: str | None = None
    """Base URL of the API."""

    @property
    def api(self) -> str:
        """Return the base URL of the API."""
        return self.api_url or f"http://127.0.0.1:{self.http_port}"

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "localhost", "::1"}


def configure_libraries(settings: Settings) -> None:
    """Make libraries write their caches under `home`; call this before importing Gradio.

    Gradio imports matplotlib when it responds, and matplotlib writes a font cache.
    """
    cache = (settings.home / "cache").absolute()
    os.environ["MPLCONFIGDIR"] = str(cache / "matplotlib")
    os.environ["GRADIO_TEMP_DIR"] = str(cache / "gradio")
