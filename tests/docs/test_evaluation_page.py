"""Every command of docs/evaluation.md runs, one after the other, and so does its Python."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from outfitter.datasets.coco import write
from outfitter.datasets.records import record_of
from outfitter.geometry import as_boxes
from outfitter.taxonomy import SLOTS
from outfitter.values import Annotations, Example
from tests.cli.conftest import Outfitter, outfitter
from tests.conftest import ToyModels
from tests.docs.commands import commands
from tests.toy import picture

__all__ = ["outfitter"]

SIZE = (160, 240)
BOX = (30, 20, 110, 90)


def dataset(folder: Path) -> Path:
    """Four photos of one top each, in train and in val; every slot is a class."""
    folder.mkdir()
    for split in ("train", "val"):
        examples = []
        for number in range(4):
            file = folder / f"{split}{number}.png"
            picture(SIZE, top=(BOX, (210, 20 + 9 * number, 30))).save(file)
            examples.append(Example(file, file.name, Annotations(as_boxes([BOX]), ("top",), SIZE), split))
        write(folder / f"{split}.json", [record_of(one) for one in examples], SLOTS)
    (folder / "classes.txt").write_text("".join(f"{slot}\n" for slot in SLOTS))
    return folder


def table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def products(folder: Path) -> None:
    """Two products, a look that shows one, events and lists of three people."""
    feed: list[dict[str, object]] = []
    items: list[dict[str, object]] = []
    for number, colour in enumerate([(210, 20, 30), (20, 40, 190)]):
        picture((120, 160), top=((20, 20, 100, 140), colour)).save(folder / f"p{number}.png")
        feed.append({"id": f"p{number}", "title": f"Top {number}", "image": f"p{number}.png"})
        box = {"x1": 20, "y1": 20, "x2": 100, "y2": 140}
        items.append({"image": f"p{number}.png", "group": f"p{number}", "kind": "top", **box})
    table(folder / "feed.csv", feed)
    for name in ("queries", "gallery", "looks"):
        table(folder / f"{name}.csv", items)
    events = [
        ("ann", "p0", 1),
        ("bob", "p1", 2),
        ("cat", "p0", 3),
        ("ann", "p1", 8),
        ("bob", "p0", 9),
        ("cat", "p0", 9),
    ]
    table(folder / "events.csv", [{"user": user, "product": item, "time": time} for user, item, time in events])
    lists = [{"user": user, "products": ["p1", "p0"]} for user in ("ann", "bob", "cat")]
    (folder / "lists.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lists))


def test_the_commands_run(
    outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = dataset(tmp_path / "data")
    for name in ("crops", "shots"):
        dataset(tmp_path / name)
    shutil.copytree(toy_models.detector, tmp_path / "my-detector")
    (tmp_path / "broad.yaml").write_text("top: top\nbottom: bottom\nfootwear: null\n")
    (tmp_path / "predictions.json").write_text("[]")
    blank = [{"photo": row["name"], "detections": []} for row in json.loads((data / "val.json").read_text())["images"]]
    (tmp_path / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in blank))
    products(tmp_path)
    assert outfitter("catalogue", "build", "feed.csv", "--out", "shop").code == 0
    assert outfitter("evaluate", "my-detector", "--on", "data", "--out", "mine", "--resamples", 100).code == 0
    told = commands("docs/evaluation.md")
    for words in told:
        done = outfitter(*words, "--resamples", 100)
        assert done.code == 0, f"{' '.join(words)}: {done.err}"
    for words in told:
        if words[0] == "evaluate":
            assert (Path(words[words.index("--out") + 1]) / "report.html").is_file()
    files = {path.name for path in (tmp_path / "result").iterdir()}
    assert files == {name.rstrip("/") for name in re.findall(r"^\| `(\w+(?:\.\w+|/))` \|", page(), re.M)}


def test_the_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    products(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", page(), re.S)
    exec(compile(code.replace('"p1", "p2"', '"p1", "p0"'), "docs/evaluation.md", "exec"), {})
    assert "Protocol ranking" in (tmp_path / "ranking.html").read_text()


def page() -> str:
    return (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
