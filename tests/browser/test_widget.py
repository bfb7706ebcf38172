"""<outfit-photo> on a shop's own page: another origin, a strict policy, from the API and from files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from starlette.testclient import TestClient

from outfitter.candidates import CatalogueSource
from outfitter.catalogue import Catalogue
from outfitter.service.export import export_looks
from outfitter.walk import Shop
from tests.browser.conftest import Open, Site
from tests.service.conftest import outfit

LISTEN = """
window.told = [];
for (const name of ["outfit-ready", "outfit-open", "outfit-product", "outfit-error"])
  addEventListener(name, event => told.push([name, event.detail.product?.id ?? event.detail.error?.message ?? null]));
"""

ShopPage = Callable[..., str]


@pytest.fixture
def token(service: Site, shop_site: Site) -> str:
    client = TestClient(service.app, headers={"Authorization": f"Bearer {service.key}"})
    made = client.post("/v1/tokens", json={"origins": [shop_site.url], "days": 1})
    return str(made.json()["token"])


@pytest.fixture
def shop_page(shop_folder: Path, shop_site: Site, service: Site) -> ShopPage:
    """``shop_page(attributes)`` → the address of a page with the widget, its script from the service."""
    (shop_folder / "look.png").write_bytes(outfit("red", "navy"))
    (shop_folder / "listen.js").write_text(LISTEN)
    (shop_folder / "favicon.ico").write_bytes(b"")  # browsers ask for it unasked

    def write(
        attributes: str, name: str = "look.html", script: str = f"{service.url}/outfit-photo.js", lang: str = "en"
    ) -> str:
        (shop_folder / name).write_text(
            f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Look</title><h1>A look</h1>'
            f'<script src="listen.js"></script><script defer src="{script}"></script>'
            f"<outfit-photo {attributes}></outfit-photo></html>"
        )
        return f"{shop_site.url}/{name}"

    return write


def told(page: Page, name: str) -> str | None:
    """Wait until the widget has told `name`; what it told. Asked again and again, since the page's policy bars eval."""
    for _ in range(300):
        for told, what in page.evaluate("told"):
            if told == name:
                return str(what)
        page.wait_for_timeout(50)
    raise AssertionError(f"the widget never told {name}")


def ready(page: Page) -> None:
    told(page, "outfit-ready")


def test_on_a_foreign_origin_with_a_token(open_page: Open, service: Site, shop_page: ShopPage, token: str) -> None:
    url = shop_page(f'src="look.png" photo="worn.png" catalogue="{service.url}" token="{token}"')
    page = open_page(url)
    ready(page)
    spot = page.get_by_role("button", name=re.compile("^Top: Red top, €9.50. Show look-alikes"))
    photo, box = page.get_by_role("img", name="Outfit: top, bottoms").bounding_box(), spot.bounding_box()
    assert photo
    assert box
    shares = [(box["x"] - photo["x"]) / photo["width"], (box["y"] - photo["y"]) / photo["height"]]
    assert shares == pytest.approx([100 / 322, 60 / 480], abs=0.02)
    spot.hover()
    expect(page.locator(".tip")).to_have_text("Red top€9.50")
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_be_hidden()
    spot.click()
    panel = page.get_by_role("region", name="Top")
    expect(panel.get_by_role("listitem").first).to_contain_text("The very piece")
    expect(panel.get_by_role("heading", name="Complete the look")).to_be_visible()
    expect(panel.get_by_role("list", name="Complete the look")).to_contain_text("Green footwear")
    page.evaluate("addEventListener('outfit-product', event => event.preventDefault())")
    with page.expect_response("**/v1/events") as answer:
        panel.get_by_role("button", name="Red top").click()
    assert panel.get_by_role("button", name="Red top").evaluate("card => getComputedStyle(card).cursor") == "default"
    assert answer.value.status == 201
    event = list(service.app.state.front.happenings.store)[-1]
    assert (event.kind, event.product, bool(event.session and event.recommendation)) == ("view", "top-red", True)
    assert page.evaluate("told.at(-1)") == ["outfit-product", "top-red"]
    assert page.evaluate("[...document.images].every(one => one.naturalWidth)")


def test_refused_without_a_token_and_the_photo_stays(open_page: Open, service: Site, shop_page: ShopPage) -> None:
    page = open_page(shop_page(f'src="look.png" photo="worn.png" catalogue="{service.url}"'), allow=("401",))
    assert "A key is needed" in str(told(page, "outfit-error"))
    assert page.get_by_role("img", name="Outfit").bounding_box()
    expect(page.get_by_role("button")).to_have_count(0)


def test_by_keyboard_alone(open_page: Open, service: Site, shop_page: ShopPage, token: str) -> None:
    page = open_page(shop_page(f'src="look.png" photo="worn.png" catalogue="{service.url}" token="{token}"'))
    ready(page)
    page.keyboard.press("Tab")
    focused = "document.querySelector('outfit-photo').shadowRoot.activeElement"
    assert page.evaluate(f"{focused}.ariaLabel").startswith("Top: Red top")
    expect(page.locator(".tip")).to_be_visible()
    page.keyboard.press("Enter")
    assert page.evaluate(f"{focused}.textContent") == "Top"
    expect(page.get_by_role("region", name="Top")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Top")).to_be_hidden()
    assert page.evaluate(f"{focused}.ariaLabel").startswith("Top: Red top")
    expect(page.locator(".tip")).to_be_hidden()
    page.keyboard.press("Tab")
    tip, low = (
        page.locator(".tip").bounding_box(),
        page.get_by_role("button", name=re.compile("^Bottoms")).bounding_box(),
    )
    assert tip
    assert low
    assert tip["y"] + tip["height"] < low["y"]  # not over what has the focus
    page.keyboard.press("Space")
    expect(page.get_by_role("region", name="Bottoms")).to_be_visible()


def test_by_touch_at_360_pixels(open_page: Open, service: Site, shop_page: ShopPage, token: str) -> None:
    url = shop_page(f'src="look.png" photo="worn.png" catalogue="{service.url}" token="{token}"')
    page = open_page(url, width=360, scheme="dark", has_touch=True)
    ready(page)
    page.get_by_role("button", name=re.compile("^Bottoms")).tap()
    expect(page.get_by_role("region", name="Bottoms")).to_contain_text("Navy bottom")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Close", exact=True).tap()
    expect(page.get_by_role("region", name="Bottoms")).to_be_hidden()
    expect(page.locator(".tip")).to_be_hidden()


def written_look(folder: Path, similar: list[dict[str, Any]]) -> None:
    """odd.json: one look with one hotspot, its look-alikes as told, and nothing that completes it."""
    spot = {"name": "Top", "box": [0.3, 0.1, 0.4, 0.3], "similar": similar}
    look = {"photo_id": "odd", "src": "look.png", "width": 322, "height": 480, "hotspots": [spot], "complete": []}
    (folder / "odd.json").write_text(json.dumps({"looks": {"odd": look}, "names": {}}))


LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 3
CARD = {"id": "top-red", "title": LONG, "picture": "look.png", "price": 218.9, "currency": "EUR", "because": LONG}


def test_long_words_and_a_language_as_locales_are_spelt(
    open_page: Open, shop_folder: Path, shop_page: ShopPage
) -> None:
    written_look(shop_folder, [CARD, CARD])
    page = open_page(shop_page('photo="odd" catalogue="odd.json"', "odd.html", lang="en_US"), width=360)
    ready(page)
    spot = page.get_by_role("button", name=re.compile("^Top"))
    spot.hover()
    tip = page.locator(".tip")
    assert tip.evaluate("tip => tip.scrollWidth <= tip.clientWidth")
    expect(tip).to_contain_text("€218.90")
    spot.click()
    for card in page.get_by_role("listitem").all():
        assert card.evaluate("card => [card.offsetWidth, card.scrollWidth]") == [132, 132]


def test_nothing_alike_is_told(open_page: Open, shop_folder: Path, shop_page: ShopPage) -> None:
    written_look(shop_folder, [])
    page = open_page(shop_page('photo="odd" catalogue="odd.json"', "odd.html"))
    ready(page)
    page.get_by_role("button", name=re.compile("^Top")).click()
    expect(page.get_by_role("region", name="Top")).to_contain_text("Nothing alike at the moment.")
    expect(page.get_by_role("list")).to_have_count(0)


def test_a_product_opened_in_another_tab_is_told(
    open_page: Open, shop_folder: Path, service: Site, shop_page: ShopPage, token: str
) -> None:
    written_look(shop_folder, [{**CARD, "url": "look.png"}])
    page = open_page(shop_page(f'photo="odd" catalogue="odd.json" events="{service.url}" token="{token}"', "odd.html"))
    ready(page)
    page.get_by_role("button", name=re.compile("^Top")).click()
    with page.expect_response("**/v1/events") as answer, page.context.expect_page():
        page.get_by_role("link").click(button="middle")
    assert answer.value.status == 201
    event = list(service.app.state.front.happenings.store)[-1]
    assert (event.kind, event.product) == ("view", "top-red")


def test_from_files_with_no_server(open_page: Open, built: Path, shop_folder: Path, shop_page: ShopPage) -> None:
    catalogue = Catalogue.open(built)
    done = export_looks(Shop(CatalogueSource(catalogue)), catalogue, shop_folder / "looks")
    assert (done.looks, done.failed) == (1, ())
    url = shop_page('photo="worn.png" catalogue="looks/looks.json"', "files.html", "looks/outfit-photo.js")
    page = open_page(url)
    ready(page)
    page.get_by_role("button", name=re.compile("^Bottoms")).click()
    expect(page.get_by_role("region", name="Bottoms")).to_contain_text("Navy bottom")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(
        "[...document.querySelector('outfit-photo').shadowRoot.querySelectorAll('img')].every(one => one.naturalWidth)"
    )


def test_files_may_tell_a_service_what_was_clicked(
    open_page: Open, built: Path, shop_folder: Path, service: Site, shop_page: ShopPage, token: str
) -> None:
    catalogue = Catalogue.open(built)
    export_looks(Shop(CatalogueSource(catalogue)), catalogue, shop_folder / "told")
    attributes = f'photo="worn.png" catalogue="told/looks.json" events="{service.url}" token="{token}"'
    page = open_page(shop_page(attributes, "told.html", "told/outfit-photo.js"))
    ready(page)
    page.get_by_role("button", name=re.compile("^Bottoms")).click()
    with page.expect_response("**/v1/events") as answer:
        page.get_by_role("region", name="Bottoms").get_by_role("button", name="Navy bottom").click()
    assert answer.value.status == 201
    event = list(service.app.state.front.happenings.store)[-1]
    assert (event.kind, event.product, event.recommendation) == ("view", "bottom-navy", None)


def test_attributes_may_change_and_colours_be_set(
    open_page: Open, service: Site, shop_page: ShopPage, token: str
) -> None:
    url = shop_page(f'src="look.png" photo="gone" catalogue="{service.url}" token="{token}"')
    page = open_page(url, allow=("404",))
    assert "there is no picture 'gone'" in str(told(page, "outfit-error"))
    page.evaluate("document.querySelector('outfit-photo').setAttribute('photo', 'worn.png')")
    ready(page)
    page.evaluate("document.querySelector('outfit-photo').style.setProperty('--outfit-paper', 'rgb(1, 2, 3)')")
    page.get_by_role("button", name=re.compile("^Top")).click()
    panel = page.get_by_role("region", name="Top")
    assert panel.evaluate("panel => getComputedStyle(panel).backgroundColor") == "rgb(1, 2, 3)"
    page.evaluate("document.querySelector('outfit-photo').remove()")
