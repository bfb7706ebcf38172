from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from outfitter.boutique import Boutique, design, write
from outfitter.errors import DatasetError
from outfitter.photo import load_photo


def small() -> Boutique:
    """A boutique with three products' pictures and two outfits to draw, of a whole range."""
    whole = design(40, 2, seed=4)
    worn = tuple(look for look in whole.worn if look.around in {p.id for p in whole.products})[:2]
    return Boutique(whole.seed, whole.products, whole.looks, worn)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int]]]:
    calls: list[tuple[int, int]] = []
    out = tmp_path_factory.mktemp("boutique") / "shop"
    write(small(), out, progress=lambda done, of: calls.append((done, of)), workers=1)
    return out, calls


def test_the_feed_names_pictures_that_are_there(written: tuple[Path, list[tuple[int, int]]]) -> None:
    out, _ = written
    with (out / "feed.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    for row in rows:
        pictures = [row["image"], *row["additional_images"].split("|")]
        assert len(pictures) >= 2
        assert all((out / name).is_file() for name in pictures)
        assert float(row["price"]) > 0
    assert sum(len(row["additional_images"].split("|")) for row in rows) == 40 + 2


def test_the_truth_is_of_the_pictures(written: tuple[Path, list[tuple[int, int]]]) -> None:
    out, _ = written
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    files = {picture["file"] for picture in truth["photos"]}
    assert files == {str(path.relative_to(out)) for path in out.rglob("*.jpg")}
    for picture in truth["photos"][::9]:
        w, h = load_photo(out / picture["file"]).size_wh
        assert [w, h] == picture["size_wh"]
        for found in picture["boxes"]:
            x1, y1, x2, y2 = found["box_xyxy"]
            assert 0 <= x1 < x2 <= w
            assert 0 <= y1 < y2 <= h
            assert truth["products"][found["product"]]["slot"] == found["slot"]
    assert {look["file"] for look in truth["looks"]} <= files


def test_progress_counts_every_picture(written: tuple[Path, list[tuple[int, int]]]) -> None:
    out, calls = written
    total = len(list(out.rglob("*.jpg")))
    assert calls == [(i, total) for i in range(1, total + 1)]


@pytest.mark.slow
def test_several_processes_write_the_same_bytes(written: tuple[Path, list[tuple[int, int]]], tmp_path: Path) -> None:
    out, _ = written
    write(small(), tmp_path / "again", workers=2)

    def digests(folder: Path) -> dict[str, str]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    assert digests(tmp_path / "again") == digests(out)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(DatasetError, match="not an empty folder, and a boutique is never drawn over one"):
        write(small(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_interrupted_boutique_has_no_truth(tmp_path: Path) -> None:
    def stop(done: int, _of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(small(), tmp_path / "half", progress=stop, workers=1)
    assert not (tmp_path / "half" / "truth.json").exists()
