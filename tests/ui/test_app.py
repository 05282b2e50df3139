from __future__ import annotations

import httpx
import pytest


def test_the_first_page_is_french_and_keeps_the_client(site: str) -> None:
    response = httpx.get(f"{site}/?client=100001", timeout=60)
    assert response.status_code == 307
    assert response.headers["location"] == "/fr/?client=100001"


def test_the_health_check_succeeds(site: str) -> None:
    assert httpx.get(f"{site}/healthz", timeout=60).status_code == 200


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_declares_its_language_before_any_script_runs(site: str, language: str) -> None:
    assert f'lang="{language}"' in httpx.get(f"{site}/{language}/", timeout=60).text[:200]


def test_the_browser_may_contact_no_other_site(site: str) -> None:
    headers = httpx.get(f"{site}/fr/", timeout=60).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"


def test_the_page_has_no_named_endpoints(site: str) -> None:
    assert httpx.get(f"{site}/fr/gradio_api/info", timeout=60).json()["named_endpoints"] == {}


def test_uploads_are_rejected(site: str) -> None:
    response = httpx.post(
        f"{site}/fr/gradio_api/upload", files={"files": ("a.txt", b"two")}, timeout=60
    )
    assert response.status_code == 413


def test_the_page_contains_no_client_before_one_is_requested(site: str) -> None:
    assert "100001" not in httpx.get(f"{site}/fr/", timeout=60).text
