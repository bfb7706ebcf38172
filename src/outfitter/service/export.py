"""Looks as files: what `GET /v1/looks/{photo_id}` answers, for pages that have no server behind them."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from outfitter.catalogue import Catalogue
from outfitter.errors import ConfigError, PhotoError, QueryError
from outfitter.photo import fetch_url, is_web, read_bytes
from outfitter.service.looks import Looks
from outfitter.service.thumbnails import thumbnail
from outfitter.walk import Shop

LOOKS: Final = "looks.json"


@dataclass(frozen=True)
class Exported:
    """failed: looks whose picture cannot be read, and why."""

    looks: int
    pictures: int
    failed: tuple[tuple[str, str], ...]


class _Pictures:
    """The pictures that looks name: those of the web stay there, others are scaled and copied, each once a width."""

    def __init__(self, catalogue: Catalogue, out: Path) -> None:
        self._catalogue, self._out = catalogue, out
        self._names: dict[tuple[str, int], str] = {}

    def __len__(self) -> int:
        return len(self._names)

    def link(self, product_id: str, image: str, width: int) -> str:
        """Raises PhotoError."""
        place = self._catalogue.picture(product_id, image)
        if is_web(str(place)):
            return str(place)
        key = (str(place), width)
        if key not in self._names:
            name = f"pictures/{len(self._names)}.jpg"
            (self._out / name).write_bytes(thumbnail(read_bytes(place, name=image), image, width))
            self._names[key] = name
        return self._names[key]


def export_looks(
    shop: Shop,
    catalogue: Catalogue,
    out: Path,
    products: Collection[str] | None = None,
    limit: int | None = None,
    advance: Callable[..., None] = lambda *_, **__: None,
) -> Exported:
    """Write ``looks.json``, its pictures, the widget and a page that shows all looks.

    Args:
        products: only their pictures, also those that show one slot; None takes every picture that shows two or more.

    Raises:
        ConfigError: `out` is not empty.
        QueryError: no such product, or no picture shows an outfit.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out}: is not empty, and nothing is overwritten. Name a new folder.")
    pictures = _Pictures(catalogue, out)
    looks = Looks(shop, catalogue, fetch_url, pictures.link)
    chosen = [(one.photo_id, one.src) for one in looks.places(products)][:limit]
    if not chosen:
        raise QueryError("No picture of this catalogue shows two slots or more. Name products with --product.")
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    done: dict[str, object] = {}
    names: dict[str, str] = {}
    failed: list[tuple[str, str]] = []
    for photo_id, image in chosen:
        advance(total=len(chosen))
        try:
            look = looks.find(photo_id)
        except PhotoError as error:
            failed.append((image, str(error)))
            continue
        done[photo_id] = look.model_dump(mode="json", exclude_none=True)
        names[image] = photo_id
        names.setdefault(look.src, photo_id)
    web = files("outfitter.service").joinpath("web")
    (out / "outfit-photo.js").write_bytes(web.joinpath("outfit-photo.js").read_bytes())
    (out / "index.html").write_text(_page(done), encoding="utf-8")
    text = json.dumps({"looks": done, "names": names}, ensure_ascii=False, allow_nan=False)
    (out / LOOKS).write_text(text, encoding="utf-8")  # last: a folder with it is whole
    return Exported(len(done), len(pictures), tuple(failed))


def _page(looks: Collection[str]) -> str:
    photos = "\n".join(
        f'<outfit-photo photo="{html.escape(photo_id)}" catalogue="{LOOKS}"></outfit-photo>' for photo_id in looks
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Looks</title>
<style>
body {{ margin: 2rem auto; max-width: 1200px; padding: 0 1rem; display: grid; gap: 2rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); }}
</style>
<script defer src="outfit-photo.js"></script>
{photos}
</html>
"""
