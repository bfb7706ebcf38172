"""The commands of docs/recommendations.md run, on a small shop with the models that ship."""

from __future__ import annotations

import re
from pathlib import Path

from outfitter.boutique import design, draw_packshot
from outfitter.photo import encode_jpeg
from tests.cli.conftest import Outfitter, outfitter
from tests.docs.commands import ROOT, commands

__all__ = ["outfitter"]

PAGE = "docs/recommendations.md"
LOG = """user,session,product,kind,time
ann,s1,P1,view,2026-05-01T10:00:00Z
ann,s1,P2,purchase,2026-05-01T10:05:00Z
bob,,P1,view,2026-05-02T10:00:00Z
bob,,P3,view,2026-05-02T10:01:00Z
"""


def test_the_commands_run(outfitter: Outfitter, tmp_path: Path) -> None:
    from outfitter.catalogue import build

    rows = ["id,title,image,category,price,brand"]
    tops = [product for product in design(products=60, looks=0, seed=2).products if product.slot == "top"]
    for number, product in enumerate(tops[:8], 1):
        photo, _ = draw_packshot(product, view=0)
        (tmp_path / f"{number}.jpg").write_bytes(encode_jpeg(photo.pixels))
        rows.append(f"P{number},{product.title},{number}.jpg,{product.category},{product.price},{product.brand}")
    (tmp_path / "feed.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    build(tmp_path / "feed.csv", tmp_path / "shop")
    (tmp_path / "street.jpg").write_bytes((tmp_path / "1.jpg").read_bytes())
    (tmp_path / "log.csv").write_text(LOG)
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    rules = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert rules
    (tmp_path / "rules.yaml").write_text(rules[1])
    asked = commands(PAGE)
    first = next(words for words in asked if words[:2] == ["events", "import"])
    asked.remove(first)
    late = [words for words in asked if words[1] in ("forget", "keep")]
    for words in [first, *(words for words in asked if words not in late), *late]:
        done = outfitter(
            *[str(tmp_path / word) if (tmp_path / word).exists() or word in NEW else word for word in words]
        )
        assert done.code == 0, f"{' '.join(words)}: {done.err}"
        empty = "complementary" in words or "cart" in words or "slot=top" in words or words[0] == "events"
        assert done.rows or empty, words


NEW = ("events.db", "taste.npz", "copy.jsonl")
