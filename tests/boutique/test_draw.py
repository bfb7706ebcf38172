from __future__ import annotations

import numpy as np
import pytest

from outfitter.boutique import Boutique, draw_look, draw_packshot, draw_scene
from outfitter.boutique.canvas import NOBODY, Drawing, Light, Part
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.shapes import Affine, box
from outfitter.taxonomy import SLOTS
from outfitter.values import Photo

RED, BLUE = Fabric((210, 30, 30), material="rubber"), Fabric((30, 30, 210), material="rubber")


def away_from_ground(photo: Photo) -> np.ndarray:
    """Where a picture differs clearly from its edges' colour."""
    pixels = photo.pixels.astype(int)
    ground = np.median(np.concatenate([pixels[:4].reshape(-1, 3), pixels[-4:].reshape(-1, 3)]), 0)
    return np.asarray(np.abs(pixels - ground).sum(2) > 150)


@pytest.mark.parametrize("category", ["t-shirt", "jeans", "dress", "handbag", "sneakers", "cap"])
def test_a_packshots_box_fits_what_is_drawn(boutique: Boutique, category: str) -> None:
    product = next(p for p in boutique.products if p.category == category and sum(p.rgb) < 480 and p.pattern == "solid")
    photo, truth = draw_packshot(product, 0)
    assert truth.labels == (product.slot,)
    y, x = np.nonzero(away_from_ground(photo))
    x1, y1, x2, y2 = truth.boxes_xyxy[0]
    got = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
    np.testing.assert_allclose([x1, y1, x2], got[:3], atol=5)
    assert -8 <= got[3] - y2 <= 24, "the dark shadow that it stands in lies below, a white sole within"


def test_views_of_a_product_differ_and_each_is_the_same_twice(boutique: Boutique) -> None:
    product = boutique.products[7]
    first, again, second = (draw_packshot(product, view)[0].pixels for view in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.shape != second.shape or (first != second).mean() > 0.1


def test_a_look_shows_its_products(boutique: Boutique) -> None:
    seen = asked = 0
    for look in boutique.looks[:4]:
        photo, truth, ids = draw_look(boutique, look)
        assert set(ids) <= set(look.products)
        assert truth.labels == tuple(boutique.product(i).slot for i in ids)
        assert photo.size_wh == truth.size_wh
        seen, asked = seen + len(ids), asked + len(look.products)
    assert seen >= 0.7 * asked, "most of an outfit is in sight"


def test_a_product_is_seen_in_its_own_picture(boutique: Boutique) -> None:
    missing = [look.around for look in boutique.worn[5::12] if look.around not in draw_look(boutique, look)[2]]
    assert len(missing) <= 1, f"small things may be turned away or covered, but not often: {missing}"


def test_a_scene_is_the_same_twice_and_never_the_same_as_another() -> None:
    one, same, other = (draw_scene(seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one[0].pixels, same[0].pixels)
    assert one[1].boxes_xyxy.tolist() == same[1].boxes_xyxy.tolist()
    assert one[0].pixels.shape != other[0].pixels.shape or (one[0].pixels != other[0].pixels).any()


def test_scenes_vary_and_are_annotated() -> None:
    scenes = [draw_scene(seed) for seed in range(12)]
    labels = {label for _, truth in scenes for label in truth.labels}
    assert labels <= set(SLOTS)
    assert len(labels) >= 4
    assert len({photo.size_wh for photo, _ in scenes}) >= 3
    assert sum(len(truth) > 0 for _, truth in scenes) >= 11


def drawn(*parts: Part) -> Drawing:
    """Parts on grey, 90 × 60 pixels, ten pixels a head."""
    drawing = Drawing(np.full((60, 90, 3), 128, np.float32), Light())
    drawing.draw(parts, Affine.of(10.0))
    return drawing


def test_a_visible_box_is_tight() -> None:
    drawing = drawn(Part(1, [box(2, 1, 5, 4)], RED, owner=3))
    assert drawing.visible_box(3) == (20, 10, 50, 40, 900)
    assert drawing.visible_box(4) is None
    reds = drawing.rgb[..., 0] > drawing.rgb[..., 2] + 110
    assert (reds != (drawing.owners == 3)).sum() <= 4, "but for its corners, what is red is what it owns"


def test_what_is_before_hides_what_is_behind() -> None:
    drawing = drawn(
        Part(2, [box(3, 0, 9, 6)], BLUE, owner=1),
        Part(1, [box(2, 1, 5, 4)], RED, owner=0),
        Part(3, [box(0, 0, 9, 2)], RED),
    )
    assert drawing.visible_box(0) == (20, 20, 30, 40, 200), "cut by the blue one and by nobody's"
    assert drawing.own[0].sum() == 900
    assert (drawing.owners[:20] == NOBODY).all()


def test_a_shape_that_overlaps_itself_has_no_hole() -> None:
    drawing = drawn(Part(1, [box(1, 1, 4, 4), box(2, 2, 6, 3)], RED, owner=0))
    assert drawing.visible_box(0) == (10, 10, 60, 40, 900 + 200)
