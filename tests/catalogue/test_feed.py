from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest

from outfitter.catalogue.feed import Feed, Reject, Row, locate, open_feed
from outfitter.catalogue.readers.source import LONGEST as LONGEST_LINE
from outfitter.errors import FeedError
from outfitter.values import Product
from tests.toy import picture

PRODUCT = Product(
    id="7",
    title='Robe d’été, 12" ourlet',
    image="a/7.png",
    category="Dress",
    colour="navy",
    price=49.9,
    currency="EUR",
    availability="in_stock",
    brand="Ève",
    additional_images=("b.png", "c.png"),
    attributes={"Fabric": "linen"},
)
CSV = (
    "id,Title,image,category,color,price,currency,Availability,brand,Additional Images,Fabric\n"
    '7,"Robe d’été, 12"" ourlet",a/7.png,Dress,navy,49.90,EUR,In Stock,Ève,b.png|c.png|b.png,linen\n'
)
JSONL = json.dumps(
    {
        "id": 7,
        "title": PRODUCT.title,
        "image": "a/7.png",
        "category": " Dress ",
        "colour": "navy",
        "price": 49.9,
        "currency": "EUR",
        "availability": "in-stock",
        "url": None,
        "gender": "",
        "brand": "Ève",
        "additional_images": ["b.png", "c.png"],
        "Fabric": "linen",
    }
)


def swapped(separator: str) -> str:
    """The CSV with another separator; the commas inside quotes stay."""
    return CSV.replace(", 12", "\0").replace(",", separator).replace("\0", ", 12")


def rows(feed: Feed) -> list[Product]:
    return [row.product for row in feed if isinstance(row, Row)]


def rejects(feed: Feed) -> list[Reject]:
    return [row for row in feed if isinstance(row, Reject)]


def written(tmp_path: Path, name: str, content: str | bytes) -> Feed:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_feed(path)


@pytest.mark.parametrize(
    ("name", "content"),
    {
        "csv": ("feed.csv", CSV),
        "byte-order mark, Windows line ends": ("feed.csv", b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode()),
        "tabs": ("feed.tsv", swapped("\t")),
        "semicolons": ("feed.csv", swapped(";")),
        "UTF-16, as spreadsheets save text": ("feed.txt", swapped("\t").encode("utf-16")),
        "no final line end, blank lines": ("feed.csv", CSV.replace("\n", "\n\n").rstrip()),
        "jsonl": ("feed.jsonl", JSONL + "\n"),
        "jsonl by its content": ("feed", "\ufeff\r\n" + JSONL),
    }.values(),
)
def test_every_format_tells_the_same(tmp_path: Path, name: str, content: str | bytes) -> None:
    feed = written(tmp_path, name, content)
    assert rows(feed) == [PRODUCT]
    assert rejects(feed) == []
    assert (feed.rows, feed.attributes, feed.base) == (1, ("Fabric",), tmp_path)


@pytest.mark.parametrize("content", [CSV, JSONL])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    feed = open_feed("-")
    assert (rows(feed), feed.name, feed.base) == ([PRODUCT], "standard input", tmp_path)


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    for name in ("red_top-2.png", "more/red_top-10.jpg", "more/red_top-10.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture((30, 20)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    feed = open_feed(tmp_path)
    found = rows(feed)
    assert [(product.id, product.title, product.image) for product in found] == [
        ("more/red_top-10", "red top 10", "more/red_top-10.jpg"),
        ("red_top-2", "red top 2", "red_top-2.png"),
    ]
    assert [(one.id, one.image) for one in rejects(feed)] == [("more/red_top-10", "more/red_top-10.png")]
    assert locate(found[0].image, feed.base) == tmp_path / "more/red_top-10.jpg"


def test_where_pictures_are(tmp_path: Path) -> None:
    assert locate("a/b.png", tmp_path) == tmp_path / "a/b.png"
    assert locate("/a/b.png", tmp_path) == Path("/a/b.png")
    assert locate("https://shop.test/b.png", tmp_path) == "https://shop.test/b.png"


GOOD = "good,Good,g.png,1"


@pytest.mark.parametrize(
    ("line", "told"),
    {
        "no id": (",T,i.png,5", ("", "i.png", "id is empty")),
        "an id that no address can hold": ("..,T,i.png,5", ("..", "i.png", "id is '..', which browsers take out of")),
        "no title": ("x, ,i.png,5", ("x", "i.png", "title is empty")),
        "no picture": ("x,T,,5", ("x", "", "image is empty")),
        "cut short": ("x,T", ("x", "", "image is empty")),
        "twice": ("good,T,i.png,5", ("good", "i.png", "duplicate id, first on line 2")),
        "price in words": ("x,T,i.png,cheap", ("x", "i.png", "price is 'cheap'")),
        "price with a sign": ("x,T,i.png,€5", ("x", "i.png", "price is '€5'")),
        "price below nothing": ("x,T,i.png,-1", ("x", "i.png", "price is -1; need 0 or more")),
        "price not a number": ("x,T,i.png,nan", ("x", "i.png", "price is 'nan'")),
        "price beyond numbers": ("x,T,i.png,1e999", ("x", "i.png", "price is 1e999, too large")),
        "too many fields": ("x,T,i.png,5,6", ("", "", "has 5 fields and the header 4")),
        "broken quotes": ('x,"T"s,i.png,5', ("", "", "cannot be read: ',' expected after '\"'")),
        "not UTF-8": (b"x,T\xe9,i.png,5", ("x", "i.png", "title holds bytes that are not UTF-8")),
    }.values(),
)
def test_a_bad_row_is_rejected_and_the_rest_goes_on(
    tmp_path: Path, line: str | bytes, told: tuple[str, str, str]
) -> None:
    bad = line if isinstance(line, bytes) else line.encode()
    feed = written(tmp_path, "feed.csv", b"\n".join([b"id,title,image,price", GOOD.encode(), bad, b"last,L,l.png,2"]))
    assert [product.id for product in rows(feed)] == ["good", "last"]
    (reject,) = rejects(feed)
    assert (reject.line, reject.id, reject.image) == (3, *told[:2])
    assert reject.reason.startswith(told[2])
    assert feed.rows == 3


@pytest.mark.parametrize("price", ["{}x", "EUR {}x", ".{}.", "{} EURO", "1e{}x"])
def test_a_price_of_many_digits_that_is_none_is_rejected_at_once(tmp_path: Path, price: str) -> None:
    """It took 40 s, where the digits were tried in every two parts."""
    began = process_time()
    feed = written(tmp_path, "feed.csv", f"id,title,image,price\n{GOOD}\nx,T,i.png,{price.format('1' * 20_000)}\n")
    assert len(rejects(feed)) == 1
    assert process_time() - began < 2


def test_an_open_quote_costs_one_row_and_not_the_feed(tmp_path: Path) -> None:
    lines = ["id,title,image", 'a,"open,a.png', "b,B,b.png", 'c,"two', 'lines",c.png', "d,D,d.png"]
    feed = written(tmp_path, "feed.csv", "\n".join(lines))
    assert [(product.id, product.title) for product in rows(feed)] == [("b", "B"), ("c", "two\nlines"), ("d", "D")]
    assert [reject.line for reject in rejects(feed)] == [2]


@pytest.mark.parametrize(
    ("name", "head", "row"),
    [
        ("feed.csv", "id,title,image,description", "a,A,a.png,{}"),
        ("feed.tsv", "id\ttitle\timage link\tdescription", "a\tA\ta.png\t{}"),
        ("shopify.csv", "Handle,Title,Image Src,Variant Price,Body (HTML)", "a,A,a.png,5,{}"),
        ("feed.jsonl", "", '{{"id": "a", "title": "A", "image": "a.png", "description": "{}"}}'),
    ],
)
def test_a_cell_may_be_as_long_as_a_line(tmp_path: Path, name: str, head: str, row: str) -> None:
    long = "x" * (LONGEST_LINE - 100)
    (product,) = rows(written(tmp_path, name, f"{head}\n{row.format(long)}\n".lstrip()))
    assert product.attributes["description"] == long


@pytest.mark.parametrize("name", ["feed.csv", "feed.jsonl"])
def test_an_endless_line_is_rejected(tmp_path: Path, name: str) -> None:
    long = "x" * (2 * LONGEST_LINE + 5)
    if name == "feed.csv":
        text = f"id,title,image\na,A,a.png\nb,{long},b.png\nc,C,c.png\n"
    else:
        ids = ({"id": i, "title": t, "image": "i.png"} for i, t in (("a", "A"), ("b", long), ("c", "C")))
        text = "\n".join(json.dumps(one) for one in ids)
    feed = written(tmp_path, name, text)
    assert [product.id for product in rows(feed)] == ["a", "c"]
    (reject,) = rejects(feed)
    assert "longer than 1,000,000 characters" in reject.reason
    assert len(reject.reason) < 200


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("[1, 2]", "is not a JSON object"),
        ('{"id": "x"', "cannot be read: Expecting"),
        ("[" * 100_000, "cannot be read"),
        ('{"id": ["x"], "title": "T", "image": "i.png"}', 'id is ["x"]; need a text or a number'),
        ('{"id": "x", "title": "T", "image": "i.png", "price": NaN}', "price is 'NaN'"),
        ('{"id": "x", "title": "T", "image": "i.png", "price": true}', "price is 'true'"),
        ('{"id": "x", "title": "T", "image": "i.png", "additional_images": [1]}', "additional_images holds something"),
        ('{"id": "x", "title": "T", "image": "i.png", "additional_images": {}}', "additional_images is {}"),
        ('{"id": "x", "title": "\\ud800", "image": "i.png"}', "title holds bytes that are not UTF-8"),
        ('{"id": "x", "title": "T", "image": "i.png", "\\ud800": 1}', "? holds bytes that are not UTF-8"),
    ],
)
def test_a_bad_json_line_is_rejected(tmp_path: Path, record: str, reason: str) -> None:
    feed = written(tmp_path, "feed.jsonl", f"{record}\n{JSONL}\n")
    assert rows(feed) == [PRODUCT]
    (reject,) = rejects(feed)
    assert reject.line == 1
    assert reject.reason.startswith(reason)


def test_other_values_of_json_become_text(tmp_path: Path) -> None:
    record = {"id": 1, "title": "T", "image": "i", "size": 38, "new": True, "tags": ["é", 2], "none": None}
    (product,) = rows(written(tmp_path, "feed.jsonl", json.dumps(record)))
    assert dict(product.attributes) == {"size": "38", "new": "true", "tags": '["é", 2]'}


def test_columns_without_a_value_are_attributes_unless_they_have_no_name(tmp_path: Path) -> None:
    feed = written(tmp_path, "feed.csv", "id,title,image,size,,season,\n1,T,i.png\n2,T,i.png,,,,\n3,T,i.png,,,,more")
    assert feed.attributes == ("size", "season", "column_7")
    assert [dict(product.attributes) for product in rows(feed)] == [{}, {}, {"column_7": "more"}]
    feed = written(tmp_path, "feed.jsonl", '{"id": 1, "title": "T", "image": "i", "size": null}')
    assert feed.attributes == ("size",)


@pytest.mark.parametrize(
    ("images", "more", "found"),
    [
        (["a.png"], None, ("a.png", ())),
        (["a.png", " b.png", "c.png"], "b.png|d.png", ("a.png", ("b.png", "c.png", "d.png"))),
        ([], "b.png", "image is empty"),
        (["a.png", 1], None, "image holds something that is not text"),
        ([["a.png"]], None, 'image is ["a.png"]; need a text'),
    ],
)
def test_several_pictures_in_image(
    tmp_path: Path, images: list[object], more: str | None, found: tuple[str, tuple[str, ...]] | str
) -> None:
    record = {"id": 1, "title": "T", "image": images, "additional_images": more}
    (row,) = written(tmp_path, "feed.jsonl", json.dumps(record))
    if isinstance(row, Row):
        assert (row.product.image, row.product.additional_images) == found
    else:
        assert row.reason.startswith(str(found))


@pytest.mark.parametrize(
    ("now", "dates", "price"),
    [
        ("2026-01-31T23:59", "2026-01-01/2026-01-31", 40),
        ("2026-02-01T00:00", "2026-01-01/2026-01-31", 50),
        ("2026-01-01T00:00", "2026-01-01/2026-01-31", 40),
        ("2026-01-31T12:00", "2026-01-01/2026-01-31T11:59", 50),
        ("2026-01-31T12:00", "2026-01-01/2026-01-31T23:59+1200", 50),
        ("9999-12-31T12:00", "2026-01-01/9999-12-31", 40),
    ],
)
def test_a_sale_lasts_to_the_end_of_its_last_day(tmp_path: Path, now: str, dates: str, price: float) -> None:
    text = f"id,title,image,price,sale_price,sale_price_effective_date\n1,T,i.png,50,40,{dates}"
    feed = replace(written(tmp_path, "feed.csv", text), now=datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert [product.price for product in rows(feed)] == [price]


@pytest.mark.parametrize("sale", ["0", "0.00 EUR", "EUR 0"])
def test_a_sale_price_of_0_is_none(tmp_path: Path, sale: str) -> None:
    (product,) = rows(written(tmp_path, "feed.csv", f"id,title,image,price,sale_price\n1,T,i.png,50 EUR,{sale}"))
    assert (product.price, product.currency, dict(product.attributes)) == (50, "EUR", {})


def test_two_spellings_of_a_column_are_both_kept(tmp_path: Path) -> None:
    (product,) = rows(written(tmp_path, "feed.csv", "id,title,image,colour,color,\n1,T,i,navy,blue,more"))
    assert (product.colour, dict(product.attributes)) == ("navy", {"color": "blue", "column_6": "more"})


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "feed.csv",
            "id,title,img\n1,T,i.png",
            r"feed\.csv: has no column 'image'; got id, title, img; need id, title, im",
        ),
        ("feed.csv", "sku,title,image\n1,T,i.png", "has no column 'id'; got sku, title, image"),
        ("feed.csv", "id,title,image,id\n1,T,i.png,2", "has the column 'id' twice"),
        ("feed.csv", 'id,"title,image\n1,T,i.png', "its first line cannot be read"),
        ("feed.csv", b"id,title,image,gr\xf6\xdfe\n1,T,i.png,3", "its first line holds bytes that are not UTF-8"),
        ("feed.csv", "id,title,image\n", "holds no products"),
        ("feed.csv", "", "holds no products"),
        ("feed.jsonl", '{"id": 1, "title": "T", "picture": "i.png"}', "has no column 'image'; got id, title, picture"),
    ],
)
def test_a_feed_that_cannot_be_read(tmp_path: Path, name: str, content: str | bytes, told: str) -> None:
    with pytest.raises(FeedError, match=told):
        written(tmp_path, name, content)


def test_no_feed_there(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"none\.csv: cannot be read: No such file"):
        open_feed(tmp_path / "none.csv")
    with pytest.raises(FeedError, match="holds no pictures"):
        open_feed(tmp_path)


def test_the_digest_tells_feeds_apart(tmp_path: Path) -> None:
    digest = written(tmp_path, "feed.csv", CSV).digest
    assert written(tmp_path, "copy.csv", CSV).digest == digest
    assert written(tmp_path, "feed.csv", CSV.replace("49.90", "49.80")).digest != digest
    assert written(tmp_path, "feed.csv", CSV.replace("linen", "wool")).digest != digest
    assert written(tmp_path, "feed.csv", CSV + "8,,,,,,,,,,\n").digest != digest
