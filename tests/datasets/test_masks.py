from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from outfitter.datasets.masks import boxes_of, pieces, read, read_mask
from outfitter.errors import DatasetError
from outfitter.taxonomy import CCP_TO_SLOT
from tests.datasets.sources import write_photo

LABELS = ("null", "jeans", "shoes", "bag")


def mask_of(*rectangles: tuple[int, int, int, int, int]) -> np.ndarray:
    """120 × 200 pixels; each rectangle is (value, x1, y1, x2, y2)."""
    mask = np.zeros((200, 120), np.uint8)
    for value, x1, y1, x2, y2 in rectangles:
        mask[y1:y2, x1:x2] = value
    return mask


def test_a_label_is_one_box_around_its_pieces() -> None:
    mask = mask_of((2, 10, 180, 30, 195), (2, 60, 170, 85, 190), (1, 20, 60, 90, 165))
    assert boxes_of(mask, LABELS)[1:] == [((20, 60, 90, 165), "jeans"), ((10, 170, 85, 195), "shoes")]


def test_specks_below_a_twentieth_are_left_out_and_a_piece_of_a_twentieth_is_not() -> None:
    whole = (1, 20, 60, 60, 98)  # 1520 pixels; 80 pixels are a twentieth of 1600
    assert boxes_of(mask_of(whole, (1, 100, 0, 110, 8)), LABELS)[1:] == [((20, 0, 110, 98), "jeans")]
    assert boxes_of(mask_of(whole, (1, 100, 0, 110, 7)), LABELS)[1:] == [((20, 60, 60, 98), "jeans")]


def test_labels_under_a_hundred_pixels_are_no_garments() -> None:
    assert len(boxes_of(mask_of((3, 5, 5, 15, 15)), LABELS)) == 2
    assert len(boxes_of(mask_of((3, 5, 5, 14, 16)), LABELS)) == 1  # 99 pixels


def test_pieces_that_touch_by_a_corner_are_one() -> None:
    mask = mask_of((1, 0, 0, 4, 4), (1, 4, 4, 9, 6), (1, 50, 0, 51, 200))
    value, area, x1, y1, x2, y2 = (column.tolist() for column in pieces(mask))
    found = {tuple(piece) for piece in zip(value, area, x1, y1, x2, y2, strict=True) if piece[0] == 1}
    assert found == {(1, 26, 0, 0, 9, 6), (1, 200, 50, 0, 51, 200)}


def flooded(mask: np.ndarray) -> list[tuple[int, ...]]:
    """The same as `pieces`, pixel by pixel."""
    found = []
    left = {(int(y), int(x)) for y, x in np.ndindex(mask.shape)}
    while left:
        start = left.pop()
        piece, edge = [start], [start]
        while edge:
            y, x = edge.pop()
            for near in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
                if near in left and mask[near] == mask[start]:
                    left.remove(near)
                    piece.append(near)
                    edge.append(near)
        ys, xs = zip(*piece, strict=True)
        found.append((int(mask[start]), len(piece), min(xs), min(ys), max(xs) + 1, max(ys) + 1))
    return sorted(found)


@pytest.mark.parametrize("seed", range(6))
def test_pieces_are_those_of_a_flood_fill(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.integers(0, 3, (23 + 20 * seed, 71), np.uint8)
    mask[:, rng.random(71) < 0.2] = 2  # tall bars join what is far apart
    assert sorted(zip(*(column.tolist() for column in pieces(mask)), strict=True)) == flooded(mask)


def folder(root: Path) -> Path:
    (root / "labels.txt").write_text("null\r\njeans\r\nshoes\r\nbag\r\n")
    (root / "masks").mkdir()
    for i, name in enumerate(("2", "10", "9")):
        write_photo(root / "photos" / f"{name}.jpg", (120, 200), i)
        Image.fromarray(mask_of((1, 20, 60, 90 + i, 165))).save(root / "masks" / f"{name}.png")
    return root


def test_photos_come_in_natural_order_with_the_size_of_their_mask(tmp_path: Path) -> None:
    source = read(folder(tmp_path))
    records = list(source.records)
    assert [(record.name, record.boxes[0][2], record.stated_wh) for record in records] == [
        ("2", 90, (120, 200)),
        ("9", 92, (120, 200)),
        ("10", 91, (120, 200)),
    ]
    assert source.class_names == ("jeans", "shoes", "bag")
    assert source.licence == ""


def test_what_is_missing_or_broken_is_counted(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "photos" / "2.jpg").unlink()
    (root / "masks" / "9.png").unlink()
    Image.fromarray(mask_of((7, 0, 0, 50, 50))).save(root / "masks" / "10.png")
    write_photo(root / "photos" / "11.jpg", (120, 200))
    Image.new("RGB", (120, 200)).save(root / "masks" / "11.png")
    source = read(root)
    assert list(source.records) == []
    assert [(drop.reason, Path(drop.where).name) for drop in source.drops] == [
        ("missing image", "2.png"),
        ("missing annotation", "9.jpg"),
        ("unreadable mask", "10.png"),
        ("unreadable mask", "11.png"),
    ]
    assert "holds id 7, and there are 4 labels" in source.drops[2].detail


def test_a_mask_of_two_photos_is_nobodys(tmp_path: Path) -> None:
    root = folder(tmp_path)
    write_photo(root / "photos" / "9.png", (120, 200))
    source = read(root)
    assert [record.name for record in source.records] == ["2", "10"]
    assert [(drop.reason, Path(drop.where).name) for drop in source.drops] == [("mask of two photos", "9.png")]
    assert "9.jpg and 9.png" in source.drops[0].detail


def grey_png(path: Path, ids: np.ndarray, bits: int) -> Path:
    """A grey PNG, spelled out, for Pillow writes none of 2 or 4 bits. ids: uint8 (H, W), W a multiple of four."""
    height, width = ids.shape
    places = (ids[..., None] >> np.arange(bits)[::-1]) & 1
    rows = np.packbits(places.reshape(height, -1), axis=1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)), (b"IDAT", zlib.compress(data))]
    framed = (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in (*chunks, (b"IEND", b""))
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(framed))
    return path


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_greys_of_few_bits_are_ids_as_they_were_saved(bits: int, tmp_path: Path) -> None:
    mask = mask_of((1, 0, 0, 40, 50), (2**bits - 1, 40, 50, 120, 200))
    assert np.array_equal(read_mask(grey_png(tmp_path / "m.png", mask, bits)), mask)


def test_a_palette_of_few_bits_is_ids_as_they_were_saved(tmp_path: Path) -> None:
    mask = mask_of((1, 0, 0, 40, 50), (3, 40, 50, 120, 200))
    image = Image.fromarray(mask)
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    image.save(tmp_path / "m.png", bits=2)
    assert np.array_equal(read_mask(tmp_path / "m.png"), mask)


def test_a_png_without_pixels_is_unreadable(tmp_path: Path) -> None:
    path = grey_png(tmp_path / "m.png", mask_of(), 4)
    path.write_bytes(path.read_bytes()[:33])
    with pytest.raises(OSError, match="image"):
        read_mask(path)


def test_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("null\n")
    with pytest.raises(DatasetError, match=r"need photos/NAME\.jpg, masks/NAME\.png and labels\.txt"):
        read(tmp_path)


@pytest.mark.slow
def test_clothing_co_parsing_has_the_published_counts(data_dir: Path) -> None:
    source = read(data_dir / "ccp")
    counts: dict[str, int] = {}
    photos = 0
    for record in source.records:
        photos += 1
        for label in record.labels:
            if slot := CCP_TO_SLOT.get(label):
                counts[slot] = counts.get(slot, 0) + 1
    assert photos == 804
    assert not source.drops
    assert source.licence == "Apache-2.0"
    assert counts == {
        "top": 791,
        "footwear": 781,
        "bottom": 579,
        "bag": 536,
        "long": 520,
        "eyewear": 256,
        "headwear": 94,
    }
