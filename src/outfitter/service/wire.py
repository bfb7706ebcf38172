"""Values of the walk → what goes over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import numpy as np

from outfitter.service.schema import Detected, DetectionOut, Pick, ProductOut
from outfitter.values import Detections, Product, Recommendation

Link = Callable[[str, int], str]
"""(product id, number of its picture) → where it is shown from."""


def when(moment: float) -> str:
    """Seconds since 1970 → UTC, ISO 8601."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")


def detected(found: Detections) -> Detected:
    w, h = found.size_wh
    rows = []
    for number, (box, slot, score) in enumerate(found):
        left, top, right, bottom = (round(value, 1) for value in box)
        x1, y1, x2, y2 = (np.array(box) / (w, h, w, h)).round(5).tolist()
        rows.append(
            DetectionOut.model_construct(
                garment=number,
                slot=slot,
                score=round(score, 4),
                box_xyxy=(left, top, right, bottom),
                box=(x1, y1, round(x2 - x1, 5), round(y2 - y1, 5)),
            )
        )
    return Detected.model_construct(width=w, height=h, garments=tuple(rows))


def product(one: Product, link: Link) -> ProductOut:
    # model_construct: these values were checked when the catalogue was built, and lists are long.
    return ProductOut.model_construct(
        id=one.id,
        title=one.title,
        category=one.category,
        colour=one.colour,
        price=one.price,
        currency=one.currency,
        availability=one.availability,
        url=one.url,
        gender=one.gender,
        brand=one.brand,
        item_group_id=one.item_group_id,
        attributes=dict(one.attributes),
        picture=link(one.id, 0),
        more=tuple(link(one.id, number) for number in range(1, 1 + len(one.additional_images))),
    )


def picks(rows: Iterable[Recommendation], show: Callable[[str], ProductOut]) -> tuple[Pick, ...]:
    """show: a product's id → the product."""
    return tuple(
        Pick.model_construct(
            garment=row.garment,
            slot=row.slot,
            rank=row.rank,
            score=round(row.score, 4),
            because=row.because,
            parts={name: round(value, 4) for name, value in row.parts.items()},
            product=show(row.product.id),
        )
        for row in rows
    )
