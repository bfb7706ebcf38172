from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from outfitter.datasets.likeness import Prints, find_again, find_alike, print_of, prints_of
from outfitter.errors import PhotoError
from tests.datasets.sources import write_photo

SIZE = (301, 457)


def altered(path: Path, how: str) -> Path:
    image = Image.open(path).convert("RGB")
    out = path.with_name(f"{path.stem}-{how}.jpg")
    quality = 25 if how == "compressed" else 85
    if how == "small":
        image = image.resize((77, 117))
    if how == "bright":
        image = ImageEnhance.Brightness(image).enhance(1.15)
    if how == "contrast":
        image = ImageEnhance.Contrast(image).enhance(0.8)
    if how == "png":
        out = out.with_suffix(".png")
    if how == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6
        image.transpose(Image.Transpose.ROTATE_90).save(out, quality=90, exif=exif)
        return out
    image.save(out, quality=quality)
    return out


@pytest.mark.parametrize("how", ["small", "compressed", "bright", "contrast", "png", "turned"])
def test_a_photo_is_found_again_among_others(how: str, tmp_path: Path) -> None:
    photos = [write_photo(tmp_path / f"{i}.jpg", SIZE, i) for i in range(30)]
    again = altered(photos[17], how)
    ((_, where, likeness),) = find_again(print_of(again, "again"), prints_of(photos, workers=1))
    assert where == 17
    assert 0.985 <= likeness <= 1.0001
    assert find_again(print_of(again, "again"), prints_of(photos[:17], workers=1)) == []


def test_all_pairs_are_found(tmp_path: Path) -> None:
    photos = [write_photo(tmp_path / f"{i}.jpg", SIZE, i % 5) for i in (0, 1, 5, 2, 10)]
    assert list(find_alike(prints_of(photos, workers=1))) == [(0, 2), (0, 4), (2, 4)]


def test_pictures_of_one_colour_are_alike_and_nothing_is_like_nothing(tmp_path: Path) -> None:
    for name, colour in (("a", (255, 255, 255)), ("b", (255, 255, 255))):
        Image.new("RGB", SIZE, colour).save(tmp_path / f"{name}.png")
    prints = prints_of([tmp_path / "a.png", tmp_path / "b.png"], workers=1)
    assert list(find_alike(prints)) == [(0, 1)]
    none = Prints.join([])
    assert find_again(none, prints) == find_again(prints, none) == []
    assert np.isfinite(prints.thumbs).all()


def test_damage_at_the_end_of_a_file_is_noticed(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "p.jpg", (800, 1200))
    photo.write_bytes(photo.read_bytes()[:-200])
    with pytest.raises(PhotoError, match=r"p\.jpg: cannot be decoded.*truncated"):
        print_of(photo, "p.jpg")
