"""Feeds as shops have them: Google Merchant's XML and table, and Shopify's export."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from outfitter.catalogue.feed import Feed, Reject, Row, open_feed
from outfitter.catalogue.readers.source import LONGEST
from outfitter.errors import ConfigError, FeedError
from outfitter.values import Product

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">
<channel><title>Shop</title><link>https://shop.test</link>
<!-- <item><g:id>commented out</g:id></item> -->
{items}
</channel></rss>
"""
ITEM = """<item>
<g:id>7</g:id><title>Robe &amp; <![CDATA[ceinture <item>]]></title><link>https://shop.test/7</link>
<g:image_link>7.png</g:image_link><g:additional_image_link>b,1.png</g:additional_image_link>
<g:additional_image_link>c.png</g:additional_image_link><g:price>49.90 EUR</g:price>
<g:sale_price>39.90 EUR</g:sale_price><g:availability>in stock</g:availability><g:color>navy</g:color>
<g:item_group_id>robe</g:item_group_id><g:product_type>Women &gt; Dresses</g:product_type>
<g:google_product_category>2271</g:google_product_category><g:size>38</g:size>
<g:shipping><g:price>4 EUR</g:price></g:shipping>
</item>"""
PRODUCT = Product(
    id="7",
    title="Robe & ceinture <item>",
    image="7.png",
    category="Women > Dresses",
    colour="navy",
    price=39.9,
    currency="EUR",
    availability="in_stock",
    url="https://shop.test/7",
    item_group_id="robe",
    additional_images=("b,1.png", "c.png"),
    attributes={"google_product_category": "2271", "size": "38", "regular_price": "49.90"},
)
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:shop="http://base.google.com/ns/1.0">
<entry><id>tag:shop.test,2026:9</id><shop:id>9</shop:id><title>Hat</title>
<link rel="self" href="https://shop.test/feed/9"/><link href="https://shop.test/9"/>
<shop:image_link>9.png</shop:image_link><shop:price>EUR 5</shop:price></entry></feed>"""
SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,\
Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,\
Image Src,Image Position,Variant Image,Status
shirt,Shirt,<p>Soft &amp; light</p>,Ève,Shirts,true,Size,S,Colour,navy,shopify,0,deny,30,40,n.png,1,n.png,active
shirt,,,,,,,M,,navy,shopify,2,deny,29.5,40,n-back.png,2,n.png,
shirt,,,,,,,S,,red,shopify,0,deny,30,,r.png,3,r.png,
shirt,,,,,,,,,,,,,,,r-back.png,4,,
cap,Cap,,,Hats,TRUE,Title,Default Title,,,,,,12,,cap-2.png,2,,active
cap,,,,,,,,,,,,,,,cap-1.png,1,,
draft,Draft,,,,true,Title,Default Title,,,,,,1,,d.png,1,,draft
hidden,Hidden,,,,false,Title,Default Title,,,,,,1,,h.png,1,,active
dear,Dear,,,,true,Title,Default Title,,,,,,much,,x.png,1,,active
gift,Gift,,,,true,Title,Default Title,,,,,,0,9,g.png,1,,active
"""


def written(tmp_path: Path, name: str, content: str | bytes, format: str | None = None) -> Feed:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_feed(path, format)


def products(feed: Feed) -> list[Product]:
    return [row.product for row in feed if isinstance(row, Row)]


def rejects(feed: Feed) -> list[Reject]:
    return [row for row in feed if isinstance(row, Reject)]


@pytest.mark.parametrize("name", ["feed.xml", "feed", "feed.xml.gz"])
def test_google_rss(tmp_path: Path, name: str) -> None:
    content = RSS.format(items=ITEM).encode()
    feed = written(tmp_path, name, gzip.compress(content) if name.endswith("gz") else content)
    assert products(feed) == [PRODUCT]
    assert (rejects(feed), feed.rows, set(feed.ids)) == ([], 1, {"7"})


def test_google_atom_under_another_prefix(tmp_path: Path) -> None:
    (product,) = products(written(tmp_path, "feed.xml", ATOM))
    assert (product.id, product.title, product.url) == ("9", "Hat", "https://shop.test/9")
    assert (product.price, product.currency) == (5, "EUR")


def test_an_item_that_is_no_xml_is_rejected_with_its_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    def item(number: int, title: str) -> str:
        return f"<item><g:id>{number}</g:id>\n<title>{title}</title><g:image_link>i.png</g:image_link></item>\n"

    items = item(1, "A") + item(2, "B & C") + item(3, "&nbsp;") + item(4, "D") + item(5, "E\nF") + item(6, "<b>")
    feed = written(tmp_path, "feed.xml", RSS.format(items=items))
    assert [product.id for product in products(feed)] == ["1", "4", "5"]
    assert [(one.line, one.reason) for one in rejects(feed)] == [
        (7, "is no well-formed XML: line 8: not well-formed (invalid token)"),
        (9, "is no well-formed XML: line 10: undefined entity"),
        (16, "is no well-formed XML: line 17: mismatched tag"),
    ]
    assert feed.ids == {"1", "2", "3", "4", "5", "6"}


def test_an_endless_item_is_rejected(tmp_path: Path) -> None:
    long = f"<item>\n<g:id>1</g:id><description>{'x' * (2 * LONGEST)}</description></item>\n"
    feed = written(tmp_path, "feed.xml", RSS.format(items=long + ITEM))
    assert products(feed) == [PRODUCT]
    (reject,) = rejects(feed)
    assert (reject.line, reject.reason) == (5, "is longer than 1,000,000 bytes")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + RSS.format(items=ITEM), "document type"),
        (RSS.format(items=ITEM)[:-20], "line 13: .*ends too early, so products are missing"),
        (RSS.format(items=ITEM)[:400], "ends too early"),
        (RSS.format(items=""), "holds no products"),
        ("<html><body>Not found</body></html>", "holds no products"),
        ("<html><br></html>", "line 1: mismatched tag"),
        (gzip.compress(RSS.format(items=ITEM).encode())[:-30], "cannot be read"),
        (b"PK\x03\x04 a spreadsheet", "ZIP file or a spreadsheet"),
    ],
)
def test_a_document_that_cannot_be_trusted_is_an_error(tmp_path: Path, content: str | bytes, told: str) -> None:
    with pytest.raises(FeedError, match=told):
        written(tmp_path, "feed.xml", content)


def test_google_table(tmp_path: Path) -> None:
    table = (
        "id\ttitle\timage link\tadditional image link\tprice\tsale_price\tsale_price_effective_date\tcolor\n"
        "1\tA\ta.png\tb.png, c.png\t49.90 EUR\t9 EUR\t2020-01-01T00:00+0100/2020-02-01T00:00+0100\tred\n"
        "2\tB\tb.png\t\t49,90 EUR\t\t\t\n"
        "3\tC\tc.png\t\t49.90 EUR\t9 USD\t\t\n"
        "4\tD\td.png\t\t49.90 EUR\t9 EUR\tsoon\t\n"
    )
    feed = written(tmp_path, "feed.txt", table)
    (product,) = products(feed)
    assert (product.image, product.additional_images, product.price) == ("a.png", ("b.png", "c.png"), 49.9)
    assert (product.currency, product.colour) == ("EUR", "red")
    assert [(one.line, one.id, one.reason.split(";")[0]) for one in rejects(feed)] == [
        (3, "2", "price is '49,90 EUR'"),
        (4, "3", "its prices are in EUR and USD"),
        (5, "4", "sale_price_effective_date is 'soon'"),
    ]


def test_shopify(tmp_path: Path) -> None:
    feed = written(tmp_path, "products_export.csv", SHOPIFY)
    navy, red, cap, gift = products(feed)
    assert (navy.id, navy.title, navy.colour, navy.item_group_id) == ("shirt/navy", "Shirt, navy", "navy", "shirt")
    assert (navy.image, navy.additional_images) == ("n.png", ("n-back.png",))
    assert (navy.price, navy.availability, navy.brand, navy.category) == (29.5, "in_stock", "Ève", "Shirts")
    assert dict(navy.attributes) == {"description": "Soft & light", "Size": "S, M", "regular_price": "40.00"}
    assert (red.id, red.availability, red.price) == ("shirt/red", "out_of_stock", 30)
    assert (red.image, red.additional_images) == ("r.png", ("r-back.png",))
    assert (cap.id, cap.image, cap.additional_images) == ("cap", "cap-1.png", ("cap-2.png",))
    assert (cap.availability, cap.url) == ("in_stock", "/products/cap")
    assert (gift.id, gift.price) == ("gift", 0)
    (reject,) = rejects(feed)
    assert (reject.line, reject.id) == (10, "dear")
    assert reject.reason.startswith("price is 'much'")


def test_a_shopify_row_too_short_for_its_handle(tmp_path: Path) -> None:
    feed = written(tmp_path, "short.csv", "Title,Image Src,handle,Handle\nA,a.png,x,a\nB,b.png\n", "shopify")
    assert [product.id for product in products(feed)] == ["a"]
    (reject,) = rejects(feed)
    assert (reject.line, reject.id) == (3, "")
    assert "id" in reject.reason


def test_a_format_that_is_named(tmp_path: Path) -> None:
    google = "id,title,image_link\n1,A,a.png\n"
    assert products(written(tmp_path, "feed.csv", google, "google-tsv"))[0].image == "a.png"
    with pytest.raises(FeedError, match="has no column 'image'"):
        written(tmp_path, "feed.csv", google, "csv")
    with pytest.raises(ConfigError, match="unknown feed format 'shopfy'.*did you mean 'shopify'"):
        written(tmp_path, "feed.csv", google, "shopfy")


def test_standard_input_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(RSS.format(items=ITEM).encode())))
    feed = open_feed("-")
    assert products(feed) == [PRODUCT]
    del feed
    assert list(tmp_path.iterdir()) == []
