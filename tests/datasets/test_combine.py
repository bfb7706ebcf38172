from __future__ import annotations

import json
from pathlib import Path

import pytest

from outfitter.datasets import Dataset, PrepareOptions, load, prepare
from outfitter.datasets.combine import merge, remap, resplit
from outfitter.errors import ConfigError, DatasetError
from tests.datasets.sources import coco as coco_folder
from tests.datasets.sources import write_photo, write_text


def canonical(root: Path, rows: str, name: str = "out", **photos: tuple[int, int]) -> Path:
    """A data set from CSV rows ``image,x1,y1,x2,y2,label,split``."""
    names = dict.fromkeys(row.split(",")[0] for row in rows.split())
    for seed, photo in enumerate(names):
        write_photo(root / "photos" / photo, photos.get(photo, (61, 97)), seed + len(name))
    write_text(root / "photos" / "boxes.csv", "image,x1,y1,x2,y2,label,split\n" + "\n".join(rows.split()))
    prepare(root / "photos", root / name, PrepareOptions(format="csv"), workers=1)
    return root / name


def shown(data: Dataset) -> list[tuple[object, ...]]:
    return [(e.name, e.split, e.annotations.labels, e.annotations.boxes_xyxy.tolist()) for e in data.examples]


# --- merge


def test_classes_are_merged_by_name_and_colliding_photos_told_apart(tmp_path: Path) -> None:
    one = canonical(tmp_path / "one", "a.jpg,1,2,30,40,top,train b.jpg,3,4,50,60,shoe,train", "street")
    two = canonical(tmp_path / "two", "a.jpg,5,6,30,40,bag,train c.jpg,3,4,50,60,top,val", "studio")
    counts = merge([one, two], tmp_path / "both")
    data = load(tmp_path / "both")
    assert data.class_names == ("shoe", "top", "bag")
    assert shown(data) == [
        ("street/a.jpg", "train", ("top",), [[1, 2, 30, 40]]),
        ("street/b.jpg", "train", ("shoe",), [[3, 4, 50, 60]]),
        ("studio/a.jpg", "train", ("bag",), [[5, 6, 30, 40]]),
        ("studio/c.jpg", "val", ("top",), [[3, 4, 50, 60]]),
    ]
    assert all(example.image.is_file() for example in data.examples)
    assert counts["train"]["classes"] == {"shoe": 1, "top": 1, "bag": 1}


def test_names_that_do_not_collide_are_kept_and_folders_of_one_name_told_apart(tmp_path: Path) -> None:
    one = canonical(tmp_path / "one", "a.jpg,1,2,30,40,top,train")
    two = canonical(tmp_path / "two", "b.jpg,5,6,30,40,bag,train")
    three = canonical(tmp_path / "three", "b.jpg,5,6,30,40,bag,val")
    merge([one, two], tmp_path / "both")
    assert [example.name for example in load(tmp_path / "both").examples] == ["a.jpg", "b.jpg"]
    merge([one, two, three], tmp_path / "all")
    names = [example.name for example in load(tmp_path / "all").examples]
    assert names == ["one-out/a.jpg", "two-out/b.jpg", "three-out/b.jpg"]


def test_a_photo_in_both_is_an_error(tmp_path: Path) -> None:
    source = coco_folder(tmp_path / "src")
    for name in ("one", "two"):
        prepare(source, tmp_path / name, PrepareOptions(format="coco"), workers=1)
    with pytest.raises(DatasetError, match=r"a_01\.jpg: is in .*one and in .*two; merged, it would be there twice"):
        merge([tmp_path / "one", tmp_path / "two"], tmp_path / "both")
    with pytest.raises(ConfigError, match="is named twice"):
        merge([tmp_path / "one", tmp_path / "one"], tmp_path / "both")
    assert not (tmp_path / "both").exists()


# --- remap


def test_remap_renames_merges_and_drops(tmp_path: Path) -> None:
    rows = "a.jpg,1,2,30,40,top,train a.jpg,3,4,50,60,shoe,train b.jpg,3,4,50,60,boot,val"
    folder = canonical(tmp_path, rows)
    mapping = write_text(tmp_path / "m.yaml", "boot: footwear\nshoe: footwear\nkilt: bottom\ntop: null\n")
    remap(folder, mapping, tmp_path / "new")
    data = load(tmp_path / "new")
    assert data.class_names == ("footwear",)
    assert shown(data) == [
        ("a.jpg", "train", ("footwear",), [[3, 4, 50, 60]]),
        ("b.jpg", "val", ("footwear",), [[3, 4, 50, 60]]),
    ]
    assert json.loads((tmp_path / "new" / "dataset.json").read_text())["options"]["mapping"]["shoe"] == "footwear"


def test_remap_must_name_every_class(tmp_path: Path) -> None:
    folder = canonical(tmp_path, "a.jpg,1,2,30,40,shoe,train")
    mapping = write_text(tmp_path / "m.yaml", "shoes: footwear\n")
    with pytest.raises(
        ConfigError, match=r"does not name 'shoe'; did you mean 'shoes'\? Every class needs a line: shoe"
    ):
        remap(folder, mapping, tmp_path / "new")


def test_boxes_that_become_the_same_are_one_and_told(tmp_path: Path) -> None:
    folder = canonical(tmp_path, "a.jpg,1,2,30,40,shirt,train a.jpg,1,2,30,40,jacket,train a.jpg,1,2,30,40,bag,train")
    mapping = write_text(tmp_path / "m.yaml", "shirt: top\njacket: top\nbag: bag\n")
    _, dropped = remap(folder, mapping, tmp_path / "new")
    assert dropped == {"duplicate box": 1}
    assert shown(load(tmp_path / "new")) == [("a.jpg", "train", ("top", "bag"), [[1, 2, 30, 40], [1, 2, 30, 40]])]
    (line,) = (tmp_path / "new" / "dropped.jsonl").read_text().splitlines()
    assert json.loads(line)["reason"] == "duplicate box"


def test_a_map_that_drops_every_class_present_is_an_error(tmp_path: Path) -> None:
    folder = canonical(tmp_path, "a.jpg,1,2,30,40,shirt,train")
    write_text(folder / "classes.txt", "shirt\nnever\n")
    mapping = write_text(tmp_path / "m.yaml", "shirt: null\nnever: top\nkilt: bottom\n")
    with pytest.raises(ConfigError, match=r"drops every class that .*out has: shirt\. Map at least one"):
        remap(folder, mapping, tmp_path / "new")
    assert not (tmp_path / "new").exists()


# --- crops


def crops(root: Path, number: int = 8, test: bool = True) -> Path:
    """Two crops of each of `number` photos, half of them in train, half in val, and perhaps a whole photo in test."""
    rows = ["image,x1,y1,x2,y2,label,split"]
    for i in range(number):
        name = write_photo(root / "photos" / f"{root.name}{i}.jpg", (300, 200), i).name
        split = ("train", "val")[i % 2]
        rows += [f"{name},10,10,100,90,top,{split}", f"{name},20,95,90,190,bottom,{split}"]
    if test:
        rows.append(f"{write_photo(root / 'photos' / f'{root.name}t.jpg', (300, 200), number).name},1,1,99,99,top,test")
    write_text(root / "photos" / "boxes.csv", "\n".join(rows))
    prepare(root / "photos", root / "crops", PrepareOptions(format="csv", crop=(0.05, 0.2)), workers=1)
    return root / "crops"


def test_that_photos_are_crops_is_not_forgotten(tmp_path: Path) -> None:
    one, two = crops(tmp_path / "one"), crops(tmp_path / "two")
    whole = canonical(tmp_path, "z.jpg,1,2,30,40,top,train")
    assert (load(one).crops, load(whole).crops) == (("train", "val"), ())
    remap(one, write_text(tmp_path / "m.yaml", "top: upper\nbottom: lower\n"), tmp_path / "renamed")
    merge([one, two], tmp_path / "both")
    merge([one, whole], tmp_path / "mixed")
    assert load(tmp_path / "renamed").crops == load(tmp_path / "both").crops == ("train", "val")
    assert load(tmp_path / "mixed").crops == ("val",)
    (whole / "dataset.json").unlink()
    merge([one, whole], tmp_path / "unknown")
    assert load(tmp_path / "unknown").crops is None


def test_crops_made_before_it_was_written_down_are_known(tmp_path: Path) -> None:
    folder = crops(tmp_path / "one")
    manifest = json.loads((folder / "dataset.json").read_text())
    del manifest["crops"]
    write_text(folder / "dataset.json", json.dumps(manifest))
    assert load(folder).crops == ("train", "val")


def test_the_crops_of_a_photo_stay_in_one_split(tmp_path: Path) -> None:
    resplit(crops(tmp_path / "one", 20, test=False), tmp_path / "new", {"val": 0.3, "test": 0.2}, 1)
    data = load(tmp_path / "new")
    assert data.crops == ("train", "val", "test")
    splits: dict[str, set[str]] = {}
    for example in data.examples:
        splits.setdefault(example.name.split("@")[0], set()).add(example.split)
    assert len(splits) == 20
    assert all(len(own) == 1 for own in splits.values())


# --- split


def twins(root: Path) -> Path:
    """Forty photos of twenty persons; each person's second photo looks like the next person's first."""
    for i in range(40):
        write_photo(root / "photos" / f"p{i // 2:02d}_{i % 2}.jpg", (61, 97), (i + 1) // 2)
    rows = [f"p{i // 2:02d}_{i % 2}.jpg,1,2,30,40,{'hat' if i % 8 < 2 else 'top'},train" for i in range(40)]
    write_text(root / "photos" / "boxes.csv", "image,x1,y1,x2,y2,label,split\n" + "\n".join(rows))
    prepare(root / "photos", root / "out", PrepareOptions(format="csv"), workers=1)
    return root / "out"


def test_split_by_names_keeps_persons_together(tmp_path: Path) -> None:
    counts = resplit(twins(tmp_path), tmp_path / "new", {"val": 0.2, "test": 0.2}, 1, group_by=r"^(p\d+)_")
    assert {split: found["photos"] for split, found in counts.items()} == {"train": 24, "val": 8, "test": 8}
    assert all(found["classes"]["hat"] for found in counts.values())
    by_person: dict[str, set[str]] = {}
    for example in load(tmp_path / "new").examples:
        by_person.setdefault(example.name[:3], set()).add(example.split)
    assert all(len(splits) == 1 for splits in by_person.values())


def test_split_keeps_photos_that_look_alike_together(tmp_path: Path) -> None:
    folder = twins(tmp_path)
    resplit(folder, tmp_path / "new", {"val": 0.3}, 1, keep_similar=True)
    split_of = {example.name: example.split for example in load(tmp_path / "new").examples}
    assert set(split_of.values()) == {"train", "val"}
    assert all(split_of[f"p{i:02d}_1.jpg"] == split_of[f"p{i + 1:02d}_0.jpg"] for i in range(19))
    # Persons and likeness together chain all of them into one group.
    with pytest.raises(ConfigError, match="40 photos in 1 groups cannot make 2 splits"):
        resplit(folder, tmp_path / "other", {"val": 0.3}, 1, group_by=r"p\d+", keep_similar=True)


def test_split_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    folder = twins(tmp_path)
    with pytest.raises(ConfigError, match="is no regular expression"):
        resplit(folder, tmp_path / "new", {"val": 0.2}, 1, group_by="(")
    with pytest.raises(DatasetError, match=r"does not match 'p00_0\.jpg'; every photo needs a group"):
        resplit(folder, tmp_path / "new", {"val": 0.2}, 1, group_by="q")
    assert not (tmp_path / "new").exists()
