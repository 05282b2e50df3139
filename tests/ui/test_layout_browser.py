"""What advisers do, in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Dialog, Page, expect

from tests.support.page.api_responses import APPROVED, DECLINED, INJECTION, REFERRED
from tests.support.page.fake_api import FakeApi


def submit_client(page: Page, site: str, client: object, language: str = "fr") -> None:
    page.goto(f"{site}/{language}/")
    page.locator("#client").fill(str(client))
    page.get_by_role("button", name="Prédiction" if language == "fr" else "Predict").click()


def test_a_client_is_found_while_typing_and_gets_a_decision(page: Page, site: str) -> None:
    page.goto(f"{site}/fr/")
    page.get_by_label("Numéro de client").click()
    page.keyboard.type("10000")
    expect(page.get_by_text("9 clients commencent par 10000.")).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(9)
    page.get_by_role("option", name="100003").click()
    page.get_by_role("button", name="Prédiction").click()
    expect(page.get_by_text("Proposition : crédit refusé").first).to_be_visible()
    expect(page.get_by_text("Risque estimé de difficultés de paiement")).to_be_visible()
    expect(page.get_by_role("img", name="Indice")).to_be_visible()
    expect(page.get_by_text("augmente le risque estimé")).to_be_visible()
    expect(page.get_by_role("heading", name="Client 100003")).to_be_visible()
    expect(page.locator("form [role=status]")).to_contain_text("Client 100003")


def test_the_keyboard_is_enough(page: Page, site: str) -> None:
    page.goto(f"{site}/fr/")
    page.get_by_label("Numéro de client").focus()
    page.keyboard.type("10000")
    expect(page.get_by_role("option")).to_have_count(9)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Client 100001")).to_be_visible()


def test_the_browser_is_never_sent_all_clients(page: Page, site: str, api: FakeApi) -> None:
    page.goto(f"{site}/fr/")
    page.get_by_label("Numéro de client").click()
    expect(page.get_by_text("50 000 clients.")).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(20)
    assert {request.path for request in api.requests} == {"/v1/clients"}


def test_the_other_language_shows_the_same_decision(page: Page, site: str, api: FakeApi) -> None:
    submit_client(page, site, REFERRED)
    expect(page.get_by_text("À la main du conseiller").first).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "fr"
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("Adviser’s decision").first).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"
    assert len(set(api.decision_keys)) == 1


def test_a_client_can_be_given_in_the_address(page: Page, site: str) -> None:
    page.goto(f"{site}/?client={APPROVED}")
    expect(page.get_by_text("Proposition : crédit accordé").first).to_be_visible()
    expect(page.get_by_label("Numéro de client")).to_have_value("100001")


def test_a_double_click_requests_one_decision(page: Page, site: str, api: FakeApi) -> None:
    page.goto(f"{site}/fr/")
    page.locator("#client").fill(str(APPROVED))
    page.get_by_role("button", name="Prédiction").dblclick()
    expect(page.get_by_text("Proposition : crédit accordé").first).to_be_visible()
    page.wait_for_timeout(300)  # a second request would have time to arrive
    assert len(api.decision_keys) == 1


def test_clients_are_compared_by_another_feature_and_with_similar_ones(
    page: Page, site: str
) -> None:
    submit_client(page, site, APPROVED)
    page.get_by_label("Élément à comparer").click()
    page.get_by_role("option", name="Revenus").click()
    expect(page.get_by_role("img", name="Revenus. Ce client : 135 000")).to_be_visible()
    expect(page.get_by_text("900 clients comparés")).to_be_visible()
    page.get_by_label("Clients au risque comparable").check()
    expect(page.get_by_text("105 clients comparés")).to_be_visible()


def test_a_stopped_api_shows_a_message_until_it_is_back(
    page: Page, site: str, running_api: FakeApi
) -> None:
    submit_client(page, site, APPROVED)
    expect(page.get_by_role("heading", name="Client 100001")).to_be_visible()
    running_api.stop()
    try:
        page.locator("#client").fill(str(DECLINED))
        page.get_by_role("button", name="Prédiction").click()
        expect(page.get_by_role("heading", name="ne répond pas")).to_be_visible()
        expect(page.get_by_text("Réessayez dans un instant").first).to_be_visible()
        expect(page.locator("form [role=status]")).to_contain_text("ne répond pas")
        # The previous client's decision is no longer shown.
        expect(page.get_by_text("Proposition :")).to_have_count(0)
    finally:
        running_api.start()
    page.get_by_role("button", name="Prédiction").click()
    expect(page.get_by_text("Proposition : crédit refusé").first).to_be_visible()


def test_invalid_numbers_and_unknown_clients_show_a_message(page: Page, site: str) -> None:
    submit_client(page, site, "<b>abc</b>")
    expect(page.get_by_role("heading", name="Numéro de client à vérifier")).to_be_visible()
    page.locator("#client").fill("424242")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Client 424242 inconnu")).to_be_visible()


def test_markup_in_the_apis_texts_is_shown_and_never_run(page: Page, site: str) -> None:
    dialogs: list[Dialog] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog))  # noqa: PLW0108 -- Playwright sets attributes on it
    submit_client(page, site, INJECTION)
    expect(page.get_by_text("${1+1} {{1+1}}").first).to_be_visible()
    assert page.locator("img").count() == 0
    assert dialogs == []


def test_the_page_stores_nothing_in_the_browser(page: Page, site: str) -> None:
    submit_client(page, site, APPROVED)
    expect(page.get_by_role("heading", name="Client 100001")).to_be_visible()
    stored = page.evaluate(
        "async () => [{...localStorage}, {...sessionStorage}, document.cookie,"
        " (await indexedDB.databases()).length, (await caches.keys()).length]"
    )
    assert "100001" not in str(stored)
    assert stored[1:] == [{}, "", 0, 0]


def test_the_page_writes_only_under_its_home(page: Page, site: str, page_home: Path) -> None:
    submit_client(page, site, APPROVED)
    expect(page.get_by_role("heading", name="Client 100001")).to_be_visible()
    assert not (page_home / "user").exists()
    assert list((page_home / "temporary").iterdir()) == []
    contents = [path.read_bytes() for path in page_home.rglob("*") if path.is_file()]
    assert not any(b"100001" in content for content in contents)


def test_the_page_fits_a_telephone(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    submit_client(page, site, DECLINED, "en")
    expect(page.get_by_text("Proposal: credit refused").first).to_be_visible()
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_the_focused_element_has_a_visible_outline(page: Page, site: str) -> None:
    submit_client(page, site, APPROVED)
    expect(page.get_by_role("heading", name="Client 100001")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
