"""Feeds that are broken, malicious or odd, each with a name; the same at every run."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator

import numpy as np

from tests.catalogue.test_shop_feeds import ATOM, ITEM, RSS, SHOPIFY

CSV = "id,title,image,price\n" + "".join(f'{n},"Coat, {n}",{n}.png,{n}.50\n' for n in range(1, 9))
JSONL = "".join(f'{{"id": "{n}", "title": "Coat {n}", "image": "{n}.png", "price": {n}}}\n' for n in range(1, 9))
TABLE = "id\ttitle\timage link\tprice\n" + "".join(f"{n}\tCoat\t{n}.png\t{n} EUR\n" for n in range(1, 9))
WHOLE = {
    "feed.csv": CSV,
    "feed.jsonl": JSONL,
    "feed.tsv": TABLE,
    "google.xml": RSS.format(items=ITEM * 3),
    "atom.xml": ATOM,
    "products_export.csv": SHOPIFY,
}
HEAD = '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
GOOD = "<item><g:id>1</g:id><title>A</title><g:image_link>a.png</g:image_link></item>"


def feeds() -> Iterator[tuple[str, bytes]]:
    """About 800 of them; a name ends as a feed's does."""
    yield from _mutations()
    yield from (
        (name, text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")) for name, text in _made()
    )
    yield from _compressed()
    yield from _parquet()


def _mutations() -> Iterator[tuple[str, bytes]]:
    for file, text in WHOLE.items():
        whole, random = text.encode(), np.random.default_rng(len(text))
        for number in range(22):
            at = int(random.integers(len(whole)))
            flipped = bytearray(whole)
            for place in random.integers(len(whole), size=5):
                flipped[place] ^= 1 << int(random.integers(8))
            sign = b"\"',;\t\n\r<>&[]{}\\\0"[int(random.integers(16)) :][:1]
            yield f"cut {number} {file}", whole[:at]
            yield f"flipped {number} {file}", bytes(flipped)
            yield f"junk {number} {file}", whole[:at] + random.bytes(20) + whole[at:]
            yield f"sign {number} {file}", whole[:at] + sign * 3 + whole[at:]
        for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-7", "cp1252", "cp037"):
            yield f"{encoding} {file}", text.encode(encoding, "replace")
        yield f"mark {file}", codecs.BOM_UTF8 * 2 + whole
        yield f"nothing {file}", b""
        yield f"blank {file}", b"\n" * 100_000
        yield f"returns {file}", whole.replace(b"\n", b"\r")
        yield f"zeros {file}", bytes(1_000_000)


def _made() -> Iterator[tuple[str, str | bytes]]:
    head = "id,title,image\n1,A,a.png\n"
    million = 1_000_000
    yield "giant cell.csv", head + "2," + "x" * (30 * million) + ",b.png\n3,C,c.png\n"
    yield "giant quoted cell.csv", head + '2,"' + "x\n" * 150_000 + '",b.png\n'
    yield "giant first line.csv", "x" * (5 * million)
    yield "every line leaves a quote open.csv", head + 'a","b\n' * 100_000
    yield "one quote.csv", head + '2,"B,b.png\n' + "3,C,c.png\n" * 100_000
    yield "quotes.csv", head + '"' * million
    yield "many columns.csv", ",".join(["id", "title", "image", *(f"c{n}" for n in range(50_000))]) + "\n1,A,a.png\n"
    yield "many fields.csv", head + "," * million + "\n"
    yield "formulas.csv", head + "=cmd|'/c calc'!A1,@SUM(1),+a.png\n"
    yield "paths.csv", head + "2,B,../../../../etc/passwd\n3,C,/dev/zero\n4,D,file:///etc/passwd\n5,E,a\0b.png\n"
    yield (
        "prices.csv",
        "id,title,image,price\n"
        + "".join(
            f"{n},A,a.png,{price}\n"
            for n, price in enumerate(("nan", "inf", "1e999", "-0", "9" * 5000, "0x10", "\uff11\uff12", "1_000"))
        ),
    )
    yield "deep.jsonl", JSONL + "[" * million + "\n" + JSONL
    yield "deep objects.jsonl", '{"a":' * 200_000 + "\n"
    yield "giant text.jsonl", '{"id": "' + "x" * (30 * million) + '"}\n' + JSONL
    yield "giant number.jsonl", '{"id": ' + "9" * 900_000 + "}\n" + JSONL
    yield "surrogate.jsonl", '{"id": "\\ud800", "title": "\\u0000", "image": "a.png"}\n'
    yield "no UTF-8.csv", b"id,title,image,additional_images\n1,A,a.png,b\xff.png|c.png\n"
    yield "constants.jsonl", '{"id": NaN, "title": Infinity, "image": -Infinity}\nnull\ntrue\n1\n"x"\n[]\n{}\n'
    yield "keys.jsonl", "{" + ",".join(f'"k{n}": {n}' for n in range(50_000)) + "}\n" + JSONL
    yield "types.jsonl", '{"id": [1], "title": {"a": 1}, "image": true, "price": [], "additional_images": {"b": [1]}}\n'
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    yield "billion laughs.xml", f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}]>{HEAD}&l11;{GOOD}</channel></rss>'
    yield "quadratic.xml", f'<!DOCTYPE r [<!ENTITY a "{"x" * 50_000}">]>{HEAD}{"&a;" * 50_000}{GOOD}</channel></rss>'
    outside = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    yield "outside.xml", f"{outside}{HEAD}<item><g:id>&a;</g:id></item></channel></rss>"
    yield "outside DTD.xml", f'<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">{HEAD}{GOOD}</channel></rss>'
    yield "deep.xml", HEAD + "<a>" * 300_000
    yield "deep item.xml", f"{HEAD}{GOOD}<item>" + "<a>" * 300_000 + "</a>" * 300_000 + f"</item>{GOOD}</channel></rss>"
    attributes = "".join(f' a{n}="{n}"' for n in range(60_000))
    yield "attributes.xml", f"{HEAD}<item><x{attributes}/></item>{GOOD}</channel></rss>"
    bad = "<item><g:id>1</g:id><a>&nbsp;</a></item>\n"
    beginning = f"<description>{'x' * 900_000}</description>"
    yield "bad items.xml", f"{HEAD}{beginning}{bad * 20_000}{GOOD}</channel></rss>"
    yield "long tag and bad items.xml", f'<rss a="{"x" * 900_000}"><channel>{bad * 20_000}{GOOD}</channel></rss>'
    yield "no items.xml", HEAD + "<a/>" * million
    yield "endless item.xml", f"{HEAD}<item><a>" + "x" * (30 * million)
    yield "comment.xml", f"{HEAD}{GOOD}<!--" + "-x" * (5 * million)
    yield "cdata.xml", f"{HEAD}<item><title><![CDATA[" + "x" * (3 * million) + f"{GOOD}</channel></rss>"
    yield "encoding.xml", f'<?xml version="1.0" encoding="utf-7"?>{HEAD}{GOOD}</channel></rss>'
    yield "unknown encoding.xml", f'<?xml version="1.0" encoding="klingon"?>{HEAD}{GOOD}</channel></rss>'
    yield (
        "namespaces.xml",
        "<rss"
        + "".join(f' xmlns:n{n}="http://base.google.com/ns/1.0"' for n in range(5000))
        + (f"><channel>{GOOD}</channel></rss>"),
    )
    yield "two roots.xml", f"{HEAD}{GOOD}</channel></rss>" * 2
    yield "processing.xml", f'<?xml-stylesheet href="file:///etc/passwd"?>{HEAD}{GOOD}</channel></rss>'
    shop = SHOPIFY.splitlines()[0]
    yield (
        "one handle products_export.csv",
        shop + "\n" + "shirt,Shirt,,,,true,Size,S,,,,,,1,,a.png,1,,active\n" * 30_000,
    )
    yield "tags products_export.csv", shop + "\n" + f"a,A,{'<' * 100_000},,,true,,,,,,,,1,,a.png,1,,active\n" * 5


def _parquet() -> Iterator[tuple[str, bytes]]:
    import pyarrow as pa
    from pyarrow import parquet

    out = io.BytesIO()
    names = [str(n) for n in range(40)]
    columns = {
        "id": names,
        "title": [f"Coat {n}" for n in names],
        "image": names,
        "additional_images": [["a.png"]] * 40,
    }
    parquet.write_table(pa.table(columns), out, row_group_size=10)
    whole, random = out.getvalue(), np.random.default_rng(26)
    for number in range(40):
        at = int(random.integers(len(whole)))
        flipped = bytearray(whole)
        for place in random.integers(len(whole), size=3):
            flipped[place] ^= 1 << int(random.integers(8))
        yield f"cut {number} feed.parquet", whole[:at]
        yield f"flipped {number} feed.parquet", bytes(flipped)
        yield f"junk {number} feed.parquet", whole[:at] + random.bytes(20) + whole[at:]
    out = io.BytesIO()  # 200 MB of one repeated cell in a few kilobytes
    parquet.write_table(pa.table({"id": names, "title": ["x" * 5_000_000] * 40, "image": names}), out)
    yield "repeated giant cell.parquet", out.getvalue()


def _compressed() -> Iterator[tuple[str, bytes]]:
    """Half a gigabyte in half a megabyte, in one cell; archives cut short; archives in archives."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(CSV.encode() + b"9,")
        for _ in range(100):
            file.write(b"x" * 2_000_000)
    yield "giant cell.csv.gz", packed.getvalue()
    for name, text in WHOLE.items():
        whole = gzip.compress(text.encode(), mtime=0)
        yield f"short {name}.gz", whole[:-9]
        yield f"twice {name}.gz", gzip.compress(whole, mtime=0)
        yield f"flipped {name}.gz", whole[:30] + bytes([whole[30] ^ 255]) + whole[31:]
        yield f"junk after {name}.gz", whole + b"junk"
