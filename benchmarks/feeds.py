"""How fast a feed of a given size is read, and how much memory that takes: ``python benchmarks/feeds.py --mb 1000``.

Writes a Google Merchant XML feed of that size to a temporary folder, surveys and iterates it in this process, and
prints one JSON line. Memory is what the process's peak grew by over that of a feed of one product.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from outfitter.catalogue import open_feed
from outfitter.catalogue.feed import Row

HEAD = '<?xml version="1.0"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>\n'
ITEM = (
    "<item><g:id>{n}</g:id><title>Linen dress no {n}</title><description>{words}</description>"
    "<link>https://shop.test/{n}</link><g:image_link>https://shop.test/{n}.jpg</g:image_link>"
    "<g:price>{n}.90 EUR</g:price><g:availability>in stock</g:availability></item>\n"
)


def write(path: Path, size: int) -> int:
    """Write a feed of at least `size` bytes; returns the number of products."""
    products = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        while products == 0 or file.tell() < size:
            for _ in range(1000 if size else 1):
                products += 1
                file.write(ITEM.format(n=products, words="A light dress of washed linen, lined. " * 30))
        file.write("</channel></rss>\n")
    return products


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=1000)
    size = parser.parse_args().mb * 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed.xml"
        write(path, 0)
        assert sum(isinstance(row, Row) for row in open_feed(path)) == 1
        before = peak_mb()
        products = write(path, size)
        began = time.perf_counter()
        assert sum(isinstance(row, Row) for row in open_feed(path)) == products
        seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "mb": size / 1e6,
                "products": products,
                "seconds": round(seconds, 1),
                "grew_mb": round(peak_mb() - before),
            }
        )
    )


if __name__ == "__main__":
    main()
