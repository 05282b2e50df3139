"""Settings are read from `CREDIT_*` variables; a misspelt variable is an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from stores.settings import InvalidSettings, Settings, get_settings, reject_unknown_variables


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Remove all settings from the environment, and clear the cached ones before and after."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CREDIT_{name.upper()}", raising=False)
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


def test_without_variables_all_state_is_under_var(environment: pytest.MonkeyPatch) -> None:
    del environment
    settings = get_settings()
    assert settings.home == Path("var")
    assert (settings.http_port, settings.grpc_port, settings.ui_port) == (3000, 3001, 7860)
    assert settings.host == "127.0.0.1"
    assert settings.clients_path == Path("var/clients.sqlite")
    assert settings.serving_path == Path("var/serving.json")
    assert settings.database_url == f"sqlite:///{Path('var/ledger.sqlite').absolute()}"
    assert settings.api == "http://127.0.0.1:3000"


def test_a_variable_changes_the_values_derived_from_it(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CREDIT_HOME", "elsewhere")
    environment.setenv("CREDIT_HTTP_PORT", "8080")
    settings = get_settings()
    assert settings.cache_folder == Path("elsewhere/cache")
    assert settings.mlflow_uri.endswith("elsewhere/mlflow/mlflow.db")
    assert settings.api == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [("CREDIT_HTP_PORT", "CREDIT_HTTP_PORT"), ("CREDIT_LEDGER", "CREDIT_LEDGER_URL")],
)
def test_a_misspelt_variable_is_refused_and_the_right_one_named(
    environment: pytest.MonkeyPatch, misspelt: str, meant: str
) -> None:
    environment.setenv(misspelt, "1")
    with pytest.raises(InvalidSettings) as caught:
        get_settings()
    [fault] = caught.value.faults
    assert (fault.where, fault.got) == (misspelt, "a value")
    assert fault.expected == f"a known setting; did you mean {meant}?"


def test_every_misspelt_variable_is_listed() -> None:
    with pytest.raises(InvalidSettings) as caught:
        reject_unknown_variables({"CREDIT_HOM": "1", "CREDIT_QQQQQQ": "2", "CREDIT_HOME": "3"})
    assert [fault.where for fault in caught.value.faults] == ["CREDIT_HOM", "CREDIT_QQQQQQ"]


def test_a_secret_under_a_misspelt_name_is_not_shown() -> None:
    with pytest.raises(InvalidSettings) as caught:
        reject_unknown_variables({"CREDIT_LEDGER_UR": "postgresql://lender:hunter2@ledger/credit"})
    assert "hunter2" not in str(caught.value)


def test_variables_of_other_programs_are_ignored() -> None:
    reject_unknown_variables(
        {"HOME": "/", "CREDITS": "1", "BENTOML_HOME": "x", "CREDIT_HOME": "y"}
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PORT", "0"), ("HTTP_PORT", "65536"), ("GRPC_PORT", "a port"), ("WORKERS", "0")],
)
def test_an_invalid_value_is_refused(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(f"CREDIT_{name}", value)
    with pytest.raises(InvalidSettings) as caught:
        get_settings()
    [fault] = caught.value.faults
    assert (fault.where, fault.got) == (f"CREDIT_{name}", value)


def test_a_secret_is_used_but_never_shown() -> None:
    settings = Settings(ledger_url=SecretStr("postgresql://lender:hunter2@ledger/credit"))
    assert "hunter2" not in repr(settings)
    assert settings.database_url == "postgresql://lender:hunter2@ledger/credit"
