from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outfitter.cli import page
from outfitter.recommendations import Garment
from outfitter.values import Detections, Photo, Product, Recommendation
from outfitter.walk import Look
from tests.cli.conftest import Outfitter
from tests.conftest import ToyModels
from tests.toy import picture

NASTY = "</script><script>alert(1)</script><!-- & “Shirt”"


@pytest.fixture(scope="module")
def own_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine pictures: seven outfits of a top and bottoms, a packshot, and a plain one."""
    folder = tmp_path_factory.mktemp("own")
    for number in range(7):
        top, bottom = (200, 20 + 15 * number, 30), (20, 20 + 8 * number, 200 - 8 * number)
        outfit = picture((322, 480), top=((100, 60, 220, 200), top), bottom=((110, 200, 210, 400), bottom))
        outfit.save(folder / f"outfit {number}.png")
    picture((300, 280), top=((60, 40, 180, 180), (210, 40, 40))).save(folder / "packshot.png")
    picture((200, 260)).save(folder / "plain.png")
    return folder


def data_of(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_own_pictures_to_a_page(
    outfitter: Outfitter, own_pictures: Path, toy_models: ToyModels, tmp_path: Path
) -> None:
    arguments = ("demo", "--photos", own_pictures, "--detector", toy_models.detector, "--embedder", toy_models.embedder)
    run = outfitter(*arguments, "--out", tmp_path / "demo")
    assert run.code == 0, run.err
    (row,) = run.rows
    assert (row["page"], row["looks"]) == (f"{tmp_path}/demo/index.html", 6)
    assert "Catalogued 9 products: 9 pictures, 16 garments" in run.err
    assert "Looks like your red top" in run.err

    data = data_of((tmp_path / "demo" / "index.html").read_text(encoding="utf-8"))
    assert len(data["looks"]) == 6
    for look in data["looks"]:
        assert [garment["name"].split()[-1] for garment in look["garments"]] == ["top", "bottoms"]
        own = look["alt"].split(".png")[0]
        assert all(pick["id"] != own for garment in look["garments"] for pick in garment["similar"])
        assert all(pick["id"] in data["products"] for garment in look["garments"] for pick in garment["similar"])

    again = outfitter(*arguments, "--out", tmp_path / "demo")
    assert again.code == 0
    other = outfitter("demo", "--photos", own_pictures.parent, "--out", tmp_path / "demo")
    assert other.code == 2
    assert "is not empty and holds no demo with these settings" in other.err


def test_an_empty_folder_is_an_error(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    models = ("--detector", toy_models.detector, "--embedder", toy_models.embedder)
    run = outfitter("demo", "--photos", tmp_path / "none", "--out", tmp_path / "demo", *models)
    assert (run.code, run.out) == (2, "")
    assert "holds no pictures" in run.err
    assert not (tmp_path / "demo").exists()


def answered(**changes: Any) -> page.Answered:
    """A look of a top and a bag, with one look-alike each and a hat to complete it."""
    photo = Photo(np.full((480, 320, 3), 90, np.uint8), "look.jpg")
    boxes = np.array([[90, 300, 150, 380], [60, 60, 250, 300]], np.float32)
    found = Detections(boxes, ("bag", "top"), np.array([0.9, 0.8], np.float32), (320, 480))
    vector = np.ones((1, 1), np.float32)
    garments = (Garment(vector, "bag", "your bag", 0), Garment(vector, "top", "your navy top", 1, "navy"))
    product = Product("p<1>", NASTY, "p.jpg", "top", price=1250, currency="EUR", attributes={"care_label": "30°"})
    rows = [
        Recommendation(number, slot, 1, product, 0.5, "Why.", {"similarity": 0.5})
        for number, slot in ((0, "bag"), (1, "top"))
    ]
    hat = Recommendation(None, "headwear", 1, Product("hat", "Hat", "h.jpg"), 0.4, "Worn.", {"worn_together": 0.4})
    given = {
        "name": "look.jpg",
        "look": Look(photo, found, garments),
        "similar": rows,
        "complete": [hat],
        "seconds": 0.25,
    }
    return page.Answered(**{**given, **changes})


def html_of(*looks: page.Answered) -> str:
    return page.render(
        "Heading",
        "Intro",
        looks,
        lambda _: Photo(np.full((50, 40, 3), 200, np.uint8), "p"),
        [page.Note("N", [("a", "b")])],
    )


def test_the_page_loads_nothing_from_elsewhere() -> None:
    html = html_of(answered())
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!#)[a-z]+:""", html)
    assert set(re.findall(r"https?://[^\s\"'`)]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in html
    assert not re.search(r"@import|url\(", html)


def test_texts_of_a_feed_cannot_leave_their_place() -> None:
    html = html_of(answered())
    assert html.count("</script>") == 2
    assert "alert(1)</script>" not in html
    assert data_of(html)["products"]["p<1>"]["title"] == NASTY


def test_what_the_page_shows() -> None:
    data = data_of(html_of(answered(worn=frozenset({"p<1>"}))))
    (look,) = data["looks"]
    assert look["heading"] == "Navy top and bag"  # from head to foot
    assert look["garments"][look["first"]]["name"] == "Navy top"
    assert look["garments"][0]["similar"][0]["worn"]
    assert [pick["fills"] for pick in look["complete"]] == ["hat"]
    product = data["products"]["p<1>"]
    assert product["price"] == "€ 1,250"
    assert product["facts"]["Care label"] == "30°"
    assert product["picture"].startswith("data:image/jpeg;base64,")


def test_a_look_without_garments_is_shown_whole() -> None:
    whole = Garment(np.ones((1, 1), np.float32), None, "your picture as a whole (no garment was found in it)")
    look = answered().look
    nothing = Look(look.photo, Detections.none((320, 480)), (whole,))
    rows = [Recommendation(None, "top", 1, Product("a", "A", "a.jpg"), 0.5, "Why.", {"similarity": 0.5})]
    (shown,) = data_of(html_of(answered(look=nothing, similar=rows, complete=[])))["looks"]
    assert shown["heading"] == "The whole picture"
    assert shown["garments"][0]["box_xyxy"] is None
    assert len(shown["garments"][0]["similar"]) == 1


def test_prices_and_lists() -> None:
    assert page.price(Product("a", "A", "a.jpg", price=39.9, currency="EUR")) == "€ 39.90"
    assert page.price(Product("a", "A", "a.jpg", price=5, currency="SEK")) == "SEK 5"
    assert page.price(Product("a", "A", "a.jpg", price=5)) == "5"
    assert page.price(Product("a", "A", "a.jpg")) == ""
    assert [page.listed(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_the_page_works_in_a_browser(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs chromium: apt-get install chromium")
    file = tmp_path / "page.html"
    file.write_text(html_of(answered(), answered()), encoding="utf-8")
    command = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom", file.as_uri()]
    command.insert(1, f"--user-data-dir={tmp_path / 'profile'}")
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    body = dom.split("<body>")[1]
    assert body.count('<section class="look"') == 2
    assert body.count('class="spot') == 4
    assert body.count('class="card"') == 4  # one look-alike of the garment shown, one hat, twice
    assert body.count('aria-selected="true"') == 2
