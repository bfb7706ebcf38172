"""Coverage-guided fuzzing of the parsers that are ours: ``python -m tests.hostile.fuzz [CORPUS] -max_total_time=60``.

The first byte of an input chooses what reads the rest: a feed's format, or the picture loader. Whatever comes out
besides rows, a photo and our own errors is a crash, which libFuzzer writes to a file; so is an input that takes over
five seconds. atheris runs on Linux. CORPUS is a folder that grows; it begins with whole feeds and pictures.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["outfitter.catalogue.readers", "outfitter.catalogue.feed", "outfitter.photo"]):
    from outfitter.catalogue.feed import open_feed
    from outfitter.errors import OutfitterError
    from outfitter.photo import Limits, load_photo

from tests.hostile.feeds import WHOLE
from tests.test_photo_damage import SAMPLES, sample

FORMATS = ("csv", "jsonl", "google-xml", "google-tsv", "shopify", None)
LIMITS = Limits(bytes=1_000_000, pixels=200_000)
FEED = Path(tempfile.mkdtemp(prefix="outfitter-fuzz-")) / "feed"


def read(data: bytes) -> None:
    """Put one input through its parser. Raises whatever is not an error of ours."""
    if not data:
        return
    which = data[0] % (len(FORMATS) + 1)
    try:
        if which == len(FORMATS):
            load_photo(data[1:], limits=LIMITS)
        else:
            FEED.write_bytes(data[1:])
            for _ in open_feed(FEED, FORMATS[which]):
                pass
    except OutfitterError:
        pass


def seed(corpus: Path) -> None:
    """Whole feeds in every format, and a picture of every kind."""
    corpus.mkdir(parents=True, exist_ok=True)
    for which in range(len(FORMATS)):
        for name, text in WHOLE.items():
            (corpus / f"{which}-{name}").write_bytes(bytes([which]) + text.encode())
    for name in SAMPLES:
        (corpus / f"photo-{name}").write_bytes(bytes([len(FORMATS)]) + sample(name))


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0].startswith("-"):
        arguments = [tempfile.mkdtemp(prefix="outfitter-corpus-"), *arguments]
    seed(Path(arguments[0]))
    atheris.Setup([sys.argv[0], *arguments, "-timeout=5", "-max_len=20000", "-rss_limit_mb=2048"], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
