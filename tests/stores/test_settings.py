"""Settings: read from `CREDIT_*`, and a misspelt one is an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from stores.settings import InvalidSettings, Settings, get_settings, reject_unknown_variables


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment without settings; what is read of it is forgotten afterwards."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CREDIT_{name.upper()}", raising=False)
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


def test_without_variables_everything_lies_under_var(environment: pytest.MonkeyPatch) -> None:
    del environment
    where = get_settings()
    assert where.home == Path("var")
    assert (where.http_port, where.grpc_port, where.ui_port) == (3000, 3001, 7860)
    assert where.host == "127.0.0.1"
    assert where.clients_path == Path("var/clients.sqlite")
    assert where.serving_path == Path("var/serving.json")
    assert where.database_url == f"sqlite:///{Path('var/ledger.sqlite').absolute()}"
    assert where.api == "http://127.0.0.1:3000"


def test_a_variable_changes_what_depends_on_it(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CREDIT_HOME", "elsewhere")
    environment.setenv("CREDIT_HTTP_PORT", "8080")
    where = get_settings()
    assert where.cache_folder == Path("elsewhere/cache")
    assert where.mlflow_uri.endswith("elsewhere/mlflow/mlflow.db")
    assert where.api == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [("CREDIT_HTP_PORT", "CREDIT_HTTP_PORT"), ("CREDIT_LEDGER", "CREDIT_LEDGER_URL")],
)
def test_a_misspelt_variable_is_refused_and_the_right_one_named(
    environment: pytest.MonkeyPatch, misspelt: str, meant: str
) -> None:
    environment.setenv(misspelt, "1")
    with pytest.raises(InvalidSettings) as refused:
        get_settings()
    [fault] = refused.value.faults
    assert (fault.where, fault.got) == (misspelt, "a value")
    assert fault.expected == f"a known setting; did you mean {meant}?"


def test_every_misspelt_variable_is_told() -> None:
    with pytest.raises(InvalidSettings) as refused:
        reject_unknown_variables({"CREDIT_HOM": "1", "CREDIT_QQQQQQ": "2", "CREDIT_HOME": "3"})
    assert [fault.where for fault in refused.value.faults] == ["CREDIT_HOM", "CREDIT_QQQQQQ"]


def test_a_secret_under_a_misspelt_name_is_not_shown() -> None:
    with pytest.raises(InvalidSettings) as refused:
        reject_unknown_variables({"CREDIT_LEDGER_UR": "postgresql://lender:hunter2@ledger/credit"})
    assert "hunter2" not in str(refused.value)


def test_other_peoples_variables_are_left_alone() -> None:
    reject_unknown_variables(
        {"HOME": "/", "CREDITS": "1", "BENTOML_HOME": "x", "CREDIT_HOME": "y"}
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PORT", "0"), ("HTTP_PORT", "65536"), ("GRPC_PORT", "a port"), ("WORKERS", "0")],
)
def test_a_value_that_cannot_be_is_refused(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(f"CREDIT_{name}", value)
    with pytest.raises(InvalidSettings) as refused:
        get_settings()
    [fault] = refused.value.faults
    assert (fault.where, fault.got) == (f"CREDIT_{name}", value)


def test_a_secret_is_not_shown_but_used() -> None:
    where = Settings(ledger_url=SecretStr("postgresql://lender:hunter2@ledger/credit"))
    assert "hunter2" not in repr(where)
    assert where.database_url == "postgresql://lender:hunter2@ledger/credit"
