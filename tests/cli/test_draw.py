from __future__ import annotations

import numpy as np
import pytest

from outfitter.cli.draw import SLOT_COLOURS, draw_boxes
from outfitter.taxonomy import SLOTS
from outfitter.values import Detections, Photo


def grey(size_wh: tuple[int, int]) -> Photo:
    return Photo(np.full((size_wh[1], size_wh[0], 3), 120, np.uint8), "grey.png")


def detections(size_wh: tuple[int, int], *boxes: tuple[float, float, float, float], label: str = "bag") -> Detections:
    return Detections(
        np.array(boxes), (label,) * len(boxes), np.linspace(0.9, 0.5, len(boxes)).astype(np.float32), size_wh
    )


def test_every_slot_has_a_colour_of_its_own() -> None:
    assert set(SLOT_COLOURS) == set(SLOTS)
    assert len(set(SLOT_COLOURS.values())) == len(SLOTS)


def test_the_line_runs_along_the_box_and_nowhere_else() -> None:
    photo = grey((300, 220))
    drawn = draw_boxes(photo, detections((300, 220), (50, 60, 210, 180))).astype(int)
    assert drawn.shape == (220, 300, 3)
    assert (photo.pixels == 120).all(), "the photo itself was drawn on"
    colour = np.array(list(bytes.fromhex(SLOT_COLOURS["bag"][1:])))
    assert np.abs(drawn[120, 50] - colour).max() < 60
    assert np.abs(drawn[179, 120] - colour).max() < 60
    assert (drawn[90:170, 60:200] == 120).all()
    assert (drawn[190:] == 120).all()


@pytest.mark.parametrize("box", [(0, 0, 300, 220), (0, 0, 4, 3), (296, 210, 300, 220), (0, 100, 300, 101)], ids=str)
def test_boxes_at_the_edges_can_be_drawn(box: tuple[float, float, float, float]) -> None:
    drawn = draw_boxes(grey((300, 220)), detections((300, 220), box))
    assert drawn.shape == (220, 300, 3)
    assert (drawn != 120).any()


def test_labels_do_not_cover_each_other() -> None:
    box = (40.0, 60.0, 240.0, 190.0)
    one = draw_boxes(grey((300, 220)), detections((300, 220), box)) != 120
    two = draw_boxes(grey((300, 220)), detections((300, 220), box, box)) != 120
    assert two.any(2).sum() > 1.15 * one.any(2).sum()  # a second label beside the first


def test_a_photo_smaller_than_its_label() -> None:
    assert draw_boxes(grey((17, 9)), detections((17, 9), (1, 1, 16, 8), label="headwear")).shape == (9, 17, 3)


def test_other_names_than_slots_can_be_drawn() -> None:
    drawn = draw_boxes(grey((300, 220)), detections((300, 220), (50, 60, 210, 180), label="short sleeve top"))
    assert (drawn != 120).any()
