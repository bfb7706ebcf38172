"""Pictures of the catalogue as shoppable looks, from what the index already knows: no model runs for a page view."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from typing import Final

import numpy as np

from outfitter.catalogue import Catalogue
from outfitter.errors import PhotoError, QueryError
from outfitter.photo import is_web, read_bytes, read_header
from outfitter.recommendations import Garment
from outfitter.recommendations.slots import ARTICLES, NOUNS
from outfitter.service.remembered import Remembered
from outfitter.service.schema import Hotspot, LookName, LookOut, Shown
from outfitter.values import Detections, IndexedGarment, Photo, Recommendation
from outfitter.walk import Look, Shop

SIMILAR: Final = 6
COMPLETE: Final = 2
"""Products for each slot that the look lacks."""

ID_LENGTH: Final = 16
"""Hex digits of a picture's SHA-256 that name it."""

VERSION_LENGTH: Final = 8
"""Those that tell it from another of its name."""

KEPT: Final = 1000
"""Looks that are remembered."""

AGAIN: Final = 60.0
"""Seconds after which a picture that could not be read is tried again."""

SCENARIO: Final = "look"
"""Its rules hold here, and its options but for strategy and k, which are the widget's."""

LOOK_WIDTH: Final = 1200
PRODUCT_WIDTH: Final = 360
"""Pixels: how wide pictures are shown at most."""

PictureLink = Callable[[str, str, int], str]
"""(product id, the picture's name in the feed, how wide it is shown) → the address it is shown from.

Raises PhotoError where the picture is needed for it and cannot be read."""


class NoLookError(QueryError):
    """No picture of the catalogue has that name."""


class Looks:
    """The looks of one catalogue. Thread-safe.

    fetch: URL → bytes, for pictures whose size is asked for the first time.
    link: where a picture is shown from.
    """

    def __init__(self, shop: Shop, catalogue: Catalogue, fetch: Callable[[str], bytes], link: PictureLink) -> None:
        self._shop, self._catalogue, self._fetch, self._link = shop, catalogue, fetch, link
        self._places: dict[str, tuple[str, str, str]] = {}
        for sha256, product_id, image in catalogue.pictures():
            place = (sha256[:ID_LENGTH], product_id, image)
            self._places.setdefault(place[0], place)
            self._places.setdefault(image, place)
        self._made: Remembered[str, LookOut] = Remembered(KEPT)

    def places(self, products: Collection[str] | None = None) -> list[LookName]:
        """The pictures that show two slots or more, or all of some products; src is the picture's name in the feed.

        Raises:
            QueryError: no such product.
        """
        if products is None:
            outfits = self._catalogue.worn_together()
        else:
            seen = [garment for one in products for garment in self._catalogue.garments(one) if garment.slot]
            outfits = [list(group) for _, group in groupby(seen, lambda garment: (garment.product_id, garment.image))]
        ids = {(product_id, image): sha256 for sha256, product_id, image in self._catalogue.pictures()}
        return [
            LookName(
                photo_id=ids[worn[0].product_id, worn[0].image][:ID_LENGTH],
                product_id=worn[0].product_id,
                src=worn[0].image,
                slots=tuple(dict.fromkeys(garment.slot for garment in worn if garment.slot)),
            )
            for worn in outfits
        ]

    def named(self, offset: int, limit: int) -> tuple[int, tuple[LookName, ...]]:
        """How many pictures show two slots or more, and some of them with the addresses that they are shown from."""
        shown = self._named[offset : offset + limit]
        linked = (one.model_copy(update={"src": self._link(one.product_id, one.src, LOOK_WIDTH)}) for one in shown)
        return len(self._named), tuple(linked)

    @cached_property
    def _named(self) -> list[LookName]:
        return self.places()

    def version(self, image: str) -> str:
        """What tells a picture, by its name in the feed, from one that lay there before."""
        place = self._places.get(image)
        return "" if place is None else place[0][:VERSION_LENGTH]

    def find(self, photo_id: str) -> LookOut:
        """A look by its id, or by the picture's name in the feed.

        Raises:
            NoLookError: no picture of the catalogue has that name.
            PhotoError: its size is not known and cannot be read.
        """
        place = self._places.get(photo_id)
        if place is None:
            raise NoLookError(
                f"there is no picture {photo_id!r} in the catalogue. GET /v1/looks lists those that show an outfit."
            )
        # A page that is suddenly popular is worked out once.
        return self._made.get(place[0], lambda: self._make(place), AGAIN)

    def at_hand(self, photo_id: str) -> bool:
        """Whether `find` asks no other host."""
        place = self._places.get(photo_id)
        if place is None or self._made.at_hand(place[0], AGAIN):
            return True
        return isinstance(self._catalogue.picture(place[1], place[2]), Path)

    def _make(self, place: tuple[str, str, str]) -> LookOut:
        photo_id, product_id, image = place
        w, h = self._size(self._catalogue.picture(product_id, image), image)
        src = self._link(product_id, image, LOOK_WIDTH)  # of a look that fails here no other picture was made
        worn = [one for one in self._catalogue.garments(product_id) if one.image == image and one.slot]
        look = _look(worn, (w, h))
        picks = self._shop.recommend(look, k=SIMILAR + 2, strategy="similar", scenario=SCENARIO) if worn else []
        spots = []
        for number, garment in enumerate(worn):
            # What only shows something alike beside itself would puzzle whoever sees it in a row of look-alikes.
            rows = [row for row in picks if row.garment == number and "bystander" not in row.parts]
            x1, y1, x2, y2 = (np.array(garment.box_xyxy) / (w, h, w, h)).clip(0, 1).round(4).tolist()
            assert garment.slot is not None
            spots.append(
                Hotspot(
                    slot=garment.slot,
                    name=NOUNS.get(garment.slot, garment.slot).capitalize(),
                    box=(x1, y1, round(x2 - x1, 4), round(y2 - y1, 4)),
                    similar=tuple(islice(self._shown(rows), SIMILAR)),
                )
            )
        spots.sort(key=lambda spot: spot.box[1] + spot.box[3] / 2)  # from head to foot, as one reads a person
        lacking = self._shop.recommend(look, k=COMPLETE, strategy="complementary", scenario=SCENARIO) if worn else []
        return LookOut(
            photo_id=photo_id,
            src=src,
            width=w,
            height=h,
            hotspots=tuple(spots),
            complete=tuple(self._shown(lacking)),
        )

    def _size(self, place: str | Path, image: str) -> tuple[int, int]:
        """Raises PhotoError."""
        fetch = self._fetch if is_web(str(place)) else None
        header: Path | bytes = place if isinstance(place, Path) else read_bytes(place, name=place, fetch=fetch)
        try:
            return read_header(header, name=image).size_wh
        except PhotoError as error:
            raise PhotoError(
                f"{error} The catalogue knows this picture, and it is needed once more for its size."
            ) from None

    def _shown(self, rows: Iterable[Recommendation]) -> Iterator[Shown]:
        """The products as hotspots show them, without those whose picture cannot be read."""
        for row in rows:
            product = row.product
            try:
                picture = self._link(product.id, product.image, PRODUCT_WIDTH)
            except PhotoError:
                continue
            yield Shown(
                id=product.id,
                title=product.title,
                price=product.price,
                currency=product.currency,
                url=product.url,
                picture=picture,
                because=row.because,
                exact=row.parts.get("similarity", 0) > 0.999,
                slot=row.slot,
            )


def _look(worn: list[IndexedGarment], size_wh: tuple[int, int]) -> Look:
    """What the index knows of a picture, as the walk would have seen it. No pixel of it is needed any more."""
    garments = tuple(Garment(one.vector[None], one.slot, _name(one.slot), number) for number, one in enumerate(worn))
    return Look(Photo(np.zeros((1, 1, 3), np.uint8), "a picture of the catalogue"), Detections.none(size_wh), garments)


def _name(slot: str | None) -> str:
    plural = slot in NOUNS and slot not in ARTICLES
    return f"{'these' if plural else 'this'} {NOUNS.get(slot or '', slot)}"
