"""The page at /: what a person does on it, with a pointer, with a keyboard, on a phone, in the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open, Site
from tests.service.conftest import outfit


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "street.png"
    path.write_bytes(outfit("burgundy", "navy"))
    return path


def upload(page: Page, photo: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(photo)
    expect(page.locator("#shelf .card").first).to_be_visible()


def first_title(page: Page) -> str:
    return page.locator("#shelf .card b").first.inner_text()


def test_upload_hotspot_recommendations_details_event(open_page: Open, home: str, photo: Path, service: Site) -> None:
    page = open_page(home)
    assert "key=" not in page.url
    upload(page, photo)
    expect(page.get_by_role("heading", level=1)).to_have_text("Top and bottoms")
    page.get_by_role("button", name="Top: show look-alikes").click()
    expect(page.locator("#shelf .card b").first).to_have_text("Burgundy top")
    expect(page.locator("#shelf .card").first).to_contain_text("€")
    expect(page.locator("#shelf .card").first).to_contain_text("Looks like your burgundy top, in the same colour.")
    page.get_by_role("button", name="Bottoms: show look-alikes").click()
    expect(page.locator("#shelf .card b").first).to_have_text("Navy bottom")
    expect(page.get_by_role("heading", name="Complete the look")).to_be_visible()
    with page.expect_response("**/v1/events") as answer:
        page.locator("#shelf .card").first.click()
    assert answer.value.status == 201
    told = list(service.app.state.front.happenings.store)[-1]
    assert (told.kind, told.product, bool(told.recommendation)) == ("view", "bottom-navy", True)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Navy bottom")).to_be_visible()
    expect(dialog).to_contain_text("Looks like your navy bottoms")
    expect(dialog.get_by_role("heading", name="Look-alikes")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_filters_more_and_less_like_this(open_page: Open, home: str, photo: Path) -> None:
    page = open_page(home)
    upload(page, photo)
    page.get_by_role("tab", name="Bottoms").click()
    expect(page.locator("#shelf .card b").first).to_have_text("Navy bottom")
    page.get_by_label("Kind").select_option("bottom")
    expect(page.locator("#shelf .card")).to_have_count(2)
    page.get_by_label("In stock").check()
    expect(page.locator("#shelf .card")).to_have_count(1)
    page.get_by_label("Price up to").fill("1")
    page.get_by_label("Price up to").press("Enter")
    expect(page.get_by_text("Nothing in the catalogue matches. Loosen the filters.")).to_be_visible()
    page.get_by_label("Price up to").fill("")
    page.get_by_label("Price up to").press("Tab")
    page.get_by_label("In stock").uncheck()
    page.get_by_label("Kind").select_option("")
    expect(page.locator("#shelf .card b").first).to_have_text("Navy bottom")
    page.locator("#shelf .card").first.click()
    page.get_by_role("button", name="Less like this").click()
    expect(page.get_by_text("Not shown: Navy bottom.")).to_be_visible()
    expect(page.locator("#shelf li[data-product=bottom-navy]")).to_have_count(0)
    page.locator("#shelf .card").first.click()
    page.get_by_role("button", name="More like this").click()
    expect(page.get_by_text(re.compile("More like “.+”"))).to_be_visible()
    page.get_by_role("button", name="Show again").click()
    expect(page.get_by_text("Not shown")).to_have_count(0)


def test_a_box_is_drawn_by_pointer(open_page: Open, home: str, photo: Path) -> None:
    page = open_page(home)
    upload(page, photo)
    page.get_by_role("button", name="Draw a box").click()
    stage = page.locator(".stage").bounding_box()
    assert stage

    def at(x: float, y: float) -> tuple[float, float]:
        return stage["x"] + x / 322 * stage["width"], stage["y"] + y / 480 * stage["height"]

    page.mouse.move(*at(112, 205))
    page.mouse.down()
    page.mouse.move(*at(208, 395), steps=4)
    with page.expect_response("**/v1/recommend") as answer:
        page.mouse.up()
    assert {pick["garment"] for pick in answer.value.json()["picks"]} == {None}
    expect(page.locator("#shelf .card b").first).to_have_text("Navy bottom")


def test_by_keyboard_alone(open_page: Open, home: str, photo: Path) -> None:
    page = open_page(home)
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    def tab_to(selector: str, most: int = 30) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} is not reached by Tab")

    tab_to(".skip", 1)
    tab_to("input[type=file]")
    upload(page, photo)
    assert page.evaluate("document.activeElement.tagName") == "H1"  # so that a screen reader tells what came
    page.evaluate("document.activeElement.blur()")
    tab_to(".spot[aria-label^=Bottoms]")
    page.keyboard.press("Enter")
    expect(page.locator("#shelf .card b").first).to_have_text("Navy bottom")
    tab_to("[role=tab]")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#shelf .card b").first).to_have_text("Burgundy top")
    tab_to("#shelf .card")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement.matches('#shelf .card')")  # back where it was
    page.get_by_role("button", name="Draw a box").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowLeft")
    with page.expect_response("**/v1/recommend") as answer:
        page.keyboard.press("Enter")
    assert {pick["garment"] for pick in answer.value.json()["picks"]} == {None}
    box = page.locator(".region").evaluate("({style}) => [style.left, style.top, style.width, style.height]")
    assert [float(side.rstrip("%")) for side in box] == pytest.approx([25, 27, 48, 50])  # percent of the photo


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["try", "looks", "catalogue", "status"])
def test_320_pixels_are_enough(open_page: Open, home: str, photo: Path, name: str, scheme: str) -> None:
    page = open_page(home, width=320, scheme=scheme, has_touch=True, is_mobile=True)
    if name == "try":
        expect(page.get_by_text("Take a photo")).to_be_visible()
        upload(page, photo)
        page.locator(".spot").first.tap()
        page.locator("section.slot").first.wait_for()
    else:
        page.get_by_role("link", name={"looks": "Looks"}.get(name, name.title()), exact=True).tap()
    page.wait_for_load_state("networkidle") if name != "status" else page.get_by_text("Latency").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background == {"light": "rgb(250, 248, 244)", "dark": "rgb(21, 20, 18)"}[scheme]


def test_the_catalogue_is_searched_and_html_stays_text(open_page: Open, home: str) -> None:
    page = open_page(home.replace("#", "?#"))
    page.get_by_role("link", name="Catalogue").click()
    expect(page.locator(".card")).to_have_count(7)
    page.get_by_label("Title").fill("mint")
    page.get_by_label("Title").press("Enter")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".card b")).to_have_text("<img src=x onerror=alert(1)> & mint")
    page.locator(".card").click()
    expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text(
        "<img src=x onerror=alert(1)> & mint"
    )


def test_problems_are_told(open_page: Open, home: str, tmp_path: Path) -> None:
    page = open_page(home, allow=("422",))
    page.get_by_role("link", name="Catalogue").click()
    page.get_by_label("Filter").fill("colur=<b>red")
    page.get_by_label("Filter").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("there is no column 'colur'")
    page.get_by_role("link", name="Try a photo").click()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"<script>alert(1)</script>")
    page.locator("input[type=file]").first.set_input_files(broken)
    expect(page.get_by_role("alert")).to_contain_text("is no picture")
    expect(page.get_by_text("Choose a photo")).to_be_visible()


def test_a_photo_by_its_address(open_page: Open, home: str, service: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(home, allow=("422",))
    page.get_by_label("Or the address of a photo").fill("http://127.0.0.1/a.png")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("alert")).to_contain_text("is not on the public internet")
    monkeypatch.setattr(service.app.state.front.storefront, "_fetch", lambda _: outfit())
    page.get_by_label("Or the address of a photo").fill("https://shop.example/look.png")
    page.get_by_label("Or the address of a photo").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Top and bottoms")
    expect(page.locator(".stage .spot")).to_have_count(2)


def test_a_late_answer_does_not_replace_a_newer_one(open_page: Open, home: str) -> None:
    page = open_page(home, allow=("422",))
    late: list[Route] = []
    page.route("**/v1/products?**", lambda route: route.continue_() if late else late.append(route))
    page.get_by_role("link", name="Catalogue").click()
    page.get_by_label("Filter").fill("colur=red")
    page.get_by_label("Filter").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("there is no column 'colur'")
    with page.expect_response(lambda answer: answer.ok):
        late[0].continue_()
    page.wait_for_timeout(200)
    expect(page.get_by_role("alert")).to_contain_text("there is no column 'colur'")


def test_without_a_key_the_page_asks_for_one(open_page: Open, service: Site) -> None:
    page = open_page(service.url, allow=("401",))
    expect(page.get_by_role("heading", name="A key, please")).to_be_visible()
    page.get_by_label("Key").fill("ofk_wrong")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("This key is not known here")
    page.get_by_label("Key").fill("ofk_schlüssel…")  # which no header can hold
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("This key is not known here")
    page.get_by_label("Key").fill(f"\u200b{service.key}\u2028")  # as it is copied from some page
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Shop the look in any photo")).to_be_visible()


def test_the_status_page(open_page: Open, home: str) -> None:
    page = open_page(home)
    page.get_by_role("link", name="Status").click()
    expect(page.get_by_text("toy-embedder")).to_be_visible()
    expect(page.locator(".fact", has_text="Products")).to_contain_text("7")
    expect(page.locator("tbody tr").first).to_be_visible()
