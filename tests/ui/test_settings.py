from __future__ import annotations

import pytest

from ui.settings import Settings


def test_the_api_is_on_this_machine_unless_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDIT_API_URL", raising=False)
    monkeypatch.setenv("CREDIT_HTTP_PORT", "3100")
    assert Settings().api == "http://127.0.0.1:3100"
    monkeypatch.setenv("CREDIT_API_URL", "http://scoring.example")
    assert Settings().api == "http://scoring.example"


@pytest.mark.parametrize(("host", "is_loopback"), [("127.0.0.1", True), ("0.0.0.0", False)])  # noqa: S104 -- the tested case
def test_only_a_loopback_address_counts_as_private(host: str, is_loopback: bool) -> None:  # noqa: FBT001 -- a parameter
    assert Settings(host=host).is_loopback is is_loopback
