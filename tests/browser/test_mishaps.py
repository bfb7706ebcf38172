"""The page at / when things do not go well: odd pictures, refusals, slow answers, and people who leave in between."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open, Site
from tests.browser.test_page import photo as photo
from tests.browser.test_page import upload
from tests.service.conftest import outfit

GIVE = """([bytes, kind]) => {
  const given = new DataTransfer();
  given.items.add(new File([new Uint8Array(bytes)], "a.png", {type: "image/png"}));
  const options = {bubbles: true, cancelable: true, clipboardData: given, dataTransfer: given};
  const event = kind === "paste" ? new ClipboardEvent(kind, options) : new DragEvent(kind, options);
  return document.body.dispatchEvent(event);
}"""


def focused(page: Page, selector: str) -> None:
    expect(page.locator(selector).first).to_be_focused()


def test_pictures_of_odd_kinds_and_shapes(open_page: Open, home: str, tmp_path: Path) -> None:
    page = open_page(home)
    plain = Image.open(io.BytesIO(outfit()))
    clear = plain.resize((1288, 1920)).convert("RGBA")
    clear.putalpha(clear.convert("L").point(lambda grey: 255 * (grey < 250)))
    clear.save(tmp_path / "clear.png")
    plain.save(tmp_path / "scan.tiff")
    tall = Image.new("RGB", (540, 4000), "white")
    tall.paste(plain, (0, 0))
    tall.save(tmp_path / "tall.png")

    upload(page, tmp_path / "clear.png")
    corner = """async image => {
      await image.decode();
      const canvas = new OffscreenCanvas(1, 1).getContext("2d");
      canvas.drawImage(image, 0, 0);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    }"""
    assert page.locator(".stage img").evaluate(corner) == [255, 255, 255, 255]
    unseen = page.get_by_text("This browser cannot show a picture of this kind.")
    expect(unseen).to_be_hidden()

    for name, shape in (("scan.tiff", 322 / 480), ("tall.png", 540 / 4000)):
        page.get_by_role("button", name="Another photo").click()
        focused(page, "h1")
        upload(page, tmp_path / name)
        stage, spot = page.locator(".stage").bounding_box(), page.locator(".spot").first.bounding_box()
        assert stage
        assert spot
        assert stage["width"] / stage["height"] == pytest.approx(shape, rel=0.02)
        assert stage["height"] <= 0.85 * 800 + 1
        assert spot["height"] == pytest.approx(140 / (480 if name == "scan.tiff" else 4000) * stage["height"], rel=0.1)
        expect(unseen).to_be_visible(visible=name == "scan.tiff")


def test_the_dialog_goes_with_its_page(open_page: Open, home: str) -> None:
    page = open_page(home)
    page.get_by_role("link", name="Catalogue").click()
    page.locator("#main .card").first.click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".card").first.click()
    focused(page, "#detail-title")  # the card that was chosen is gone
    page.go_back()
    expect(dialog).to_be_hidden()
    page.go_forward()
    page.locator("#main .card").first.click()
    page.evaluate("dispatchEvent(new CustomEvent('needkey', {detail: {message: 'This key is gone.'}}))")
    expect(page.get_by_role("heading", name="A key, please")).to_be_visible()
    expect(dialog).to_be_hidden()


def test_keys_and_addresses(open_page: Open, home: str, service: Site) -> None:
    page = open_page(service.url, allow=("401",))
    expect(page.get_by_label("Key")).to_be_focused()
    page.get_by_role("link", name="Try a photo").click()
    expect(page.get_by_label("Key")).to_be_focused()
    expect(page.get_by_text("Choose a photo")).to_have_count(0)
    page.goto(home)  # the same document: only its hash changes
    expect(page.get_by_text("Choose a photo")).to_be_visible()
    assert page.url.endswith("/#try")
    page.goto(f"{service.url}/#catalogue")
    expect(page.get_by_role("heading", name="Catalogue")).to_be_visible()
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    focused(page, "#main")
    assert page.url.endswith("/#catalogue")
    page.goto(f"{service.url}/#toString")
    expect(page.get_by_text("Choose a photo")).to_be_visible()


def test_without_storage(open_page: Open, home: str) -> None:
    page = open_page("about:blank")
    page.add_init_script("Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('blocked'); }})")
    page.goto(home)
    page.get_by_role("link", name="Catalogue").click()
    expect(page.locator(".card")).to_have_count(7)


def test_look_alikes_stay_when_nothing_completes_them(open_page: Open, home: str, photo: Path) -> None:
    page = open_page(home, allow=("ERR_FAILED",))
    asked: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()
        elif len(asked) == 3:
            route.abort()

    page.route("**/v1/recommend", answer)
    page.locator("input[type=file]").first.set_input_files(photo)
    shelf = page.locator("#shelf[aria-busy=true]")
    expect(shelf).to_be_visible()
    assert shelf.evaluate("shelf => getComputedStyle(shelf, '::before').content") == '"Looking for it…"'
    asked[1].continue_()
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    expect(page.locator("#shelf .card b").first).to_have_text("Navy bottom")
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_a_look_without_a_link_to_the_shop_opens_here(open_page: Open, home: str, service: Site) -> None:
    store = service.app.state.front.happenings.store
    before = len(list(store))
    page = open_page(home)
    page.get_by_role("link", name="Looks").click()
    page.get_by_role("button", name=re.compile("^Top: ")).click()
    with page.expect_response("**/v1/events") as answer:
        page.get_by_role("button", name="Red top").last.click()
    assert answer.value.status == 201
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Look-alikes")).to_be_visible()
    expect(dialog.locator("#detail-title")).to_have_text("Red top")
    assert [(told.kind, told.product) for told in list(store)[before:]] == [("view", "top-red")]


def test_the_catalogue_is_turned_once_and_asked_again(open_page: Open, home: str) -> None:
    page = open_page(home, allow=("ERR_FAILED",))
    asked: list[int] = []

    def answer(route: Route) -> None:
        asked.append(int(parse_qs(urlsplit(route.request.url).query)["offset"][0]))
        route.abort() if len(asked) == 1 else route.fulfill(json={"total": 60, "offset": asked[-1], "products": []})

    page.route("**/v1/products?**", answer)
    page.get_by_role("link", name="Catalogue").click()
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="On").evaluate("button => { button.click(); button.click(); }")
    focused(page, "#main [role=status]")
    expect(page.locator("#main [role=status]")).to_have_text("25–48 of 60")
    assert asked == [0, 0, 24, 24]
    page.get_by_label("Title").fill("shirt")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#main [role=status]")).to_have_text("1–24 of 60")
    assert asked == [0, 0, 24, 24, 0]


def test_a_click_draws_no_box(open_page: Open, home: str, photo: Path) -> None:
    page = open_page(home)
    upload(page, photo)
    expect(page.get_by_role("heading", name="Complete the look")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    drawing = page.get_by_role("button", name="Draw a box")
    drawing.click()
    region = page.locator(".region")
    before = region.get_attribute("style")
    page.locator(".stage").hover(position={"x": 100, "y": 100})
    for moved in (False, True):
        page.mouse.down()
        if moved:
            stage = page.locator(".stage").bounding_box()
            assert stage
            page.mouse.move(stage["x"] + 101, stage["y"] + 101)
        page.mouse.up()
        assert region.get_attribute("style") == before
    expect(page.get_by_text("That box is too small. Draw a larger one.")).to_be_visible()
    expect(drawing).to_have_attribute("aria-pressed", "true")
    drawing.click()
    expect(region).to_be_hidden()
    assert not [url for url in asked if url.endswith("/recommend")]
    drawing.click()
    page.keyboard.press("ArrowDown")
    with page.expect_response("**/v1/recommend"):
        page.keyboard.press("Enter")
    page.get_by_role("link", name="Catalogue").click()
    page.get_by_role("link", name="Try a photo").click()
    expect(region).to_be_visible()
    box = region.evaluate("({style}) => [style.left, style.top, style.width, style.height].map(parseFloat)")
    assert box == pytest.approx([25, 27, 50, 50], abs=0.1)


def test_the_status_page_is_renewed_in_place(open_page: Open, home: str) -> None:
    page = open_page(home)
    page.clock.install()
    products: list[int] = []

    def answer(route: Route) -> None:
        products.append(len(products))
        route.fulfill(json={**route.fetch().json(), "products": products[-1], "trouble": "The last feed is broken."})

    page.get_by_role("link", name="Catalogue").click()
    page.route("**/v1/status", answer)
    page.get_by_role("link", name="Status").click()
    page.get_by_role("region", name="Latency").focus()
    page.evaluate("window.was = [...document.querySelectorAll('.fact, [role=alert], .scroll')]")
    for count in (1, 2):
        page.clock.run_for(3000)
        expect(page.locator(".fact", has_text="Products")).to_contain_text(str(count))
    focused(page, ".scroll")
    assert page.evaluate("was.length > 5 && was.every(one => one.isConnected)")
    page.unroute("**/v1/status")
    page.clock.run_for(3000)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".fact", has_text="Products")).to_contain_text("7")


def test_long_words_break(open_page: Open, home: str, photo: Path) -> None:
    page = open_page(home, width=1400)
    upload(page, photo)
    for part in ("#shelf .card small", "#shelf .card b"):
        cell = page.locator(part).last
        cell.evaluate("one => { one.textContent = 'Donaudampfschiff'.repeat(20); }")
        card = page.locator("#shelf li", has=page.locator("text=DonaudampfschiffDonau")).first
        assert card.evaluate("one => one.scrollWidth <= one.clientWidth && one.clientWidth < 250")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400


def test_more_like_this_is_undone_and_focus_stays(open_page: Open, home: str, tmp_path: Path) -> None:
    page = open_page(home, allow=("422",))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "broken.png")
    expect(page.get_by_role("alert")).to_be_focused()
    Image.new("RGB", (200, 200), "white").save(tmp_path / "empty.png")
    upload(page, tmp_path / "empty.png")
    expect(page.get_by_role("heading", level=1)).to_have_text("No garment was found")
    page.locator("#shelf .card").first.click()
    page.get_by_role("button", name="More like this").click()
    focused(page, "#shelf")
    page.get_by_role("button", name="Back to the photo").click()
    expect(page.get_by_text(re.compile("More like “.+”"))).to_have_count(0)
    focused(page, "#shelf")
    page.locator("#shelf .card").first.click()
    page.get_by_role("button", name="Less like this").click()
    page.get_by_role("button", name="Show again").click()
    focused(page, "#shelf")


def test_many_are_not_liked(open_page: Open, home: str, photo: Path) -> None:
    page = open_page(home)
    upload(page, photo)
    page.route("**/similar?**", lambda route: route.fulfill(json={"picks": []}))
    page.route("**/v1/events", lambda route: route.fulfill(json={}))
    sent: list[Any] = []

    def answer(route: Route) -> None:
        asked = route.request.post_data_json
        sent.append(asked)
        product = {"id": f"p{len(sent)}", "title": "P", "picture": "/icon.svg?", "attributes": {}}
        route.fulfill(json={"recommendation_id": "r", "picks": [{"slot": "top", "product": product}]})

    page.route("**/v1/recommend", answer)
    page.locator("#shelf .card").first.click()
    page.get_by_role("button", name="More like this").click()
    expect(page.locator("#shelf [data-product=p1]")).to_be_visible()
    page.evaluate("""async () => {
      for (let last = "", done = 0; done < 51; ) {
        const card = document.querySelector("#shelf .card"), id = card?.parentNode.dataset.product;
        if (id && id !== last) {
          card.click();
          [...document.querySelectorAll("#detail button")].find(one => one.textContent === "Less like this").click();
          last = id;
          done += 1;
        }
        await new Promise(requestAnimationFrame);
      }
    }""")
    expect(page.locator("[aria-busy]")).to_have_count(0)
    assert len(sent[-1]["exclude"]) == 51
    assert sent[-1]["dislike"] == sent[-1]["exclude"][1:]


def test_pictures_of_the_shop_and_addresses_fail_aloud(open_page: Open, home: str) -> None:
    page = open_page(home, allow=("503", "403", "ERR_FAILED"))
    sample = page.get_by_role("button", name="Picture 1 of the shop")
    for status in (503, 403):
        answer = {"status": status, "body": json.dumps({"detail": f"No {status}."})}
        page.route("**/*width=1200*", lambda route, _, answer=answer: route.fulfill(**answer))
        sample.click()
        expect(page.get_by_role("alert")).to_have_text(f"No {status}.")
        page.unroute("**/*width=1200*")
    page.route("**/v1/photo", lambda route: route.abort())
    address = page.get_by_label("Or the address of a photo")
    address.fill("https://shop.example/look.png")
    address.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The service does not answer. Is it running?")
    expect(address).to_have_value("https://shop.example/look.png")
    sample.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Top and bottoms")


def test_leaving_and_coming_back(open_page: Open, home: str, photo: Path) -> None:
    page = open_page(home)
    held: list[Route] = []
    page.route("**/v1/recommend", lambda route: route.continue_() if held else held.append(route))
    page.locator("input[type=file]").first.set_input_files(photo)
    expect(page.get_by_text("Looking at it…")).to_be_focused()
    page.get_by_role("link", name="Catalogue").click()
    page.get_by_role("link", name="Try a photo").click()
    expect(page.get_by_text("Looking at it…")).to_be_visible()
    page.get_by_role("link", name="Catalogue").click()
    with page.expect_response("**/v1/recommend"):
        held[0].continue_()
    page.get_by_role("link", name="Try a photo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Top and bottoms")
    for kind in ("paste", "drop"):
        page.get_by_role("button", name="Another photo").click()
        left = page.evaluate(GIVE, [list(photo.read_bytes()), kind])
        assert left == (kind == "paste")  # the browser may paste as well, but not leave for the file
        expect(page.get_by_role("heading", level=1)).to_have_text("Top and bottoms")
