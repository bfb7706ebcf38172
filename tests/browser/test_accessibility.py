"""axe-core finds nothing against WCAG 2.1 AA, on any page, in light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.test_page import upload
from tests.service.conftest import outfit

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:300]}" for one in found for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page(open_page: Open, home: str, tmp_path: Path, scheme: str) -> None:
    page = open_page(home, scheme=scheme)
    expect(page.locator(".samples img").first).to_be_visible()
    assert violations(page) == []
    photo = tmp_path / "street.png"
    photo.write_bytes(outfit())
    upload(page, photo)
    expect(page.get_by_role("heading", name="Complete the look")).to_be_visible()
    assert violations(page) == []
    page.locator("#shelf .card").first.click()
    expect(page.get_by_role("dialog").get_by_role("heading", name="Look-alikes")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    for name, seen in (("Looks", "outfit-photo .spot"), ("Catalogue", ".card"), ("Status", "tbody tr")):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator(seen).first).to_be_visible()
        if name == "Looks":
            page.locator(".spot").first.click()
            expect(page.get_by_role("heading", name="Complete the look")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_key_form(open_page: Open, home: str, scheme: str) -> None:
    page = open_page(home.partition("#")[0], scheme=scheme, allow=("401",))
    expect(page.get_by_label("Key")).to_be_visible()
    assert violations(page) == []
