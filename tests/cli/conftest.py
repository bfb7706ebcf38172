"""The command line, called in this process or, where the process itself is the point, in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from outfitter import cli
from tests.conftest import ToyModels, logging_kept
from tests.toy import picture


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Outfitter = Callable[..., Run]


@pytest.fixture
def outfitter(capsys: pytest.CaptureFixture[str]) -> Iterator[Outfitter]:
    def call(*arguments: object) -> Run:
        code = cli.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Run(code, captured.out, captured.err)

    with logging_kept():
        yield call


@pytest.fixture
def outfitter_process() -> Outfitter:
    def call(*arguments: object, stdin: bytes = b"") -> Run:
        command = [sys.executable, "-m", "outfitter.cli", *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: red.png (a red top), both.jpg (a top and a bottom), sub/red.png (a green shoe), plain.png (nothing)."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "sub").mkdir()
    picture((321, 480), top=((100, 60, 220, 200), (200, 20, 30))).save(folder / "red.png")
    both = picture((300, 500), top=((90, 50, 200, 180), (210, 40, 40)), bottom=((95, 180, 190, 430), (30, 30, 190)))
    both.save(folder / "both.jpg", quality=95)
    picture((240, 200), footwear=((40, 60, 200, 150), (10, 150, 20))).save(folder / "sub" / "red.png")
    picture((200, 300)).save(folder / "plain.png")
    return folder


COLOURS = {
    "top": {"red": (200, 20, 30), "orange": (232, 130, 40), "burgundy": (120, 10, 55), "coral": (245, 110, 80)},
    "bottom": {"blue": (40, 60, 200), "navy": (20, 25, 95), "light blue": (100, 140, 230)},
    "footwear": {"green": (10, 150, 20), "mint": (90, 200, 110)},
}
SIZES = {"top": (120, 140), "bottom": (100, 200), "footwear": (150, 70)}


@pytest.fixture(scope="session")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine products; one top also worn with navy bottoms; one lamp without a garment; one row without its picture."""
    folder = tmp_path_factory.mktemp("feed")
    lines = ["id,title,image,category,colour,price,availability,additional_images,fabric"]
    number = 0
    for slot, colours in COLOURS.items():
        for name, rgb in colours.items():
            number += 1
            key = f"{slot}-{name.replace(' ', '-')}"
            box = (60, 40, 60 + SIZES[slot][0], 40 + SIZES[slot][1])
            picture((300, 280), garment=(box, rgb)).save(folder / f"{key}.png")
            more = "worn.png" if key == "top-red" else ""
            lines.append(f"{key},{name.title()} {slot},{key}.png,{slot},{name},{10 * number},in_stock,{more},wool")
    navy, red = COLOURS["bottom"]["navy"], COLOURS["top"]["red"]
    outfit(red, navy).save(folder / "worn.png")
    picture((200, 260)).save(folder / "lamp.png")
    lines += ["lamp,Brass lamp,lamp.png,lamp,,99,out_of_stock,,brass", "gone,Gone,gone.png,top,,5,in_stock,,"]
    (folder / "feed.csv").write_text("\n".join(lines) + "\n")
    return folder / "feed.csv"


def outfit(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Any:
    return picture((322, 480), top=((100, 60, 220, 200), top), bottom=((110, 200, 210, 400), bottom))


@pytest.fixture(scope="session")
def models(toy_models: ToyModels) -> tuple[object, ...]:
    return "--detector", toy_models.detector, "--embedder", toy_models.embedder


@pytest.fixture(scope="session")
def shop(feed: Path, toy_models: ToyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from outfitter.catalogue import build
    from outfitter.detections import Detector
    from outfitter.embeddings import Embedder

    folder = tmp_path_factory.mktemp("shops") / "shop"
    build(feed, folder, detector=Detector(toy_models.detector), embedder=Embedder(toy_models.embedder))
    return folder
