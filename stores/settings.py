"""Paths, addresses and limits, read once from `CREDIT_*`. Thresholds are policy, not settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from math import ceil
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from credit.errors import Fault, InvalidInput, suggest_known_name

ENV_PREFIX = "CREDIT_"


class InvalidSettings(InvalidInput):
    """The environment holds a `CREDIT_*` variable with an unknown name or an invalid value."""

    code = "wrong-settings"
    subject = "environment"


class Settings(BaseSettings):
    """Settings of one installation: everything that differs between a laptop and production."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    home: Path = Path("var")
    """Folder of all state; deleting it starts afresh."""

    host: str = "127.0.0.1"
    """Address that the HTTP, gRPC and UI servers listen on."""

    http_port: int = Field(default=3000, ge=1, le=65_535)
    """Port of the HTTP API."""

    grpc_port: int = Field(default=3001, ge=1, le=65_535)
    """Port of the gRPC API."""

    ui_port: int = Field(default=7860, ge=1, le=65_535)
    """Port of the adviser's page."""

    workers: int = Field(default=1, ge=1)
    """Number of serving processes."""

    timeout: float = Field(default=30, gt=0)
    """Seconds after which a request is cancelled."""

    patience: float = Field(default=0.5, gt=0)
    """Maximum expected queueing time, in seconds; a request that would wait longer is rejected."""

    grpc_tls_cert: Path | None = None
    """PEM file with the certificate chain of the gRPC server; no TLS when unset."""

    grpc_tls_key: Path | None = Field(default=None, validate_default=True)
    """PEM file with the private key of that certificate; set both or neither."""

    grpc_tls_clients: Path | None = None
    """PEM file with the authorities that sign client certificates; unset, none are needed."""

    model: str | None = None
    """BentoML tag to serve instead of the champion, such as `credit-scorer:abc`."""

    ledger_url: SecretStr | None = None
    """SQLAlchemy URL of the ledger, SQLite or PostgreSQL; a file under `home` when unset."""

    api_url: str | None = None
    """URL of the API that the UI calls; the local HTTP port when unset."""

    spark_master: str = "local[*]"
    """Spark master for `--engine spark`: all local cores, or the URL of a cluster."""

    spark_conf: dict[str, str] = {}
    """Further Spark settings, as JSON: `{"spark.executor.memory": "8g"}`."""

    real_data: Path = Path("../shared/homecredit")
    """Folder of real rows, for the tests and benchmarks that need them."""

    @field_validator("grpc_tls_key", "grpc_tls_clients")
    @classmethod
    def _check_tls_files(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        has_certificate = info.data.get("grpc_tls_cert") is not None
        if (value and not has_certificate) or (
            value is None and has_certificate and info.field_name == "grpc_tls_key"
        ):
            raise ValueError("to be set together with CREDIT_GRPC_TLS_CERT")
        return value

    def format_address(self, port: int) -> str:
        """Return `host:port` as URLs and gRPC write it.

        >>> Settings(host="::1").format_address(3001)
        '[::1]:3001'
        """
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    @property
    def grace_seconds(self) -> int:
        """Seconds that running calls get to finish when the service stops.

        The timeout of a call, plus the time to send the error when it expires.
        """
        return ceil(self.timeout) + 2

    @property
    def mlflow_uri(self) -> str:
        return f"sqlite:///{(self.home / 'mlflow' / 'mlflow.db').absolute()}"

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the ledger, secrets included."""
        if self.ledger_url:
            return self.ledger_url.get_secret_value()
        return f"sqlite:///{(self.home / 'ledger.sqlite').absolute()}"

    @property
    def clients_path(self) -> Path:
        return self.home / "clients.sqlite"

    @property
    def serving_path(self) -> Path:
        """File with the champion's exact BentoML tag; promotion replaces it atomically."""
        return self.home / "serving.json"

    @property
    def reports_folder(self) -> Path:
        """Folder of the reports of the last training, comparison, ablation and drift check."""
        return self.home / "reports"

    @property
    def cache_folder(self) -> Path:
        return self.home / "cache"

    @property
    def api(self) -> str:
        return self.api_url or f"http://127.0.0.1:{self.http_port}"


@cache
def get_settings() -> Settings:
    """Return the settings of this process; the environment is read once.

    Raises:
        InvalidSettings: a `CREDIT_*` variable has an unknown name or an invalid value.
    """
    reject_unknown_variables(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            Fault(
                f"{ENV_PREFIX}{'.'.join(map(str, e['loc'])).upper()}",
                e["input"],
                e["msg"].removeprefix("Input should be ").removeprefix("Value error, "),
            )
            for e in error.errors()
        ]
        raise InvalidSettings(faults) from error


def reject_unknown_variables(environment: Mapping[str, str]) -> None:
    """Raise an error for `CREDIT_*` variables that are no settings, such as misspelt ones.

    The value is left out of the message: it may be a secret.

    >>> reject_unknown_variables({"CREDIT_HTP_PORT": "80", "HOME": "/home"})
    Traceback (most recent call last):
        ...
    stores.settings.InvalidSettings: 1 fault in the environment:
      CREDIT_HTP_PORT: got "a value", expected a known setting; did you mean CREDIT_HTTP_PORT?
    """
    known_names = [f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields]
    unknown_names = [
        name for name in environment if name.startswith(ENV_PREFIX) and name not in known_names
    ]
    if unknown_names:
        hints = [suggest_known_name(name, known_names) for name in unknown_names]
        raise InvalidSettings([
            Fault(name, "a value", hint.replace("column", "setting"))
            for name, hint in zip(unknown_names, hints, strict=True)
        ])  # fmt: skip


def configure_libraries(settings: Settings) -> None:
    """Make libraries write under `home` only, and turn their telemetry off.

    Call this before bentoml, mlflow, evidently or gradio is imported: they read the environment at
    import.
    """
    # By default OpenMP threads spin while they wait. On cores shared with another busy process
    # that turned a training of seconds into ten minutes.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ["BENTOML_HOME"] = str((settings.home / "bentoml").absolute())
    os.environ["MLFLOW_TRACKING_URI"] = settings.mlflow_uri
    os.environ["MPLCONFIGDIR"] = str((settings.cache_folder / "matplotlib").absolute())
    os.environ["BENTOML_DO_NOT_TRACK"] = os.environ["DO_NOT_TRACK"] = "True"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_LOGGING_LEVEL"] = "WARNING"
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
