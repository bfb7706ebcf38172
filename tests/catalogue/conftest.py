"""A small shop on disk, and the toy models with a count of what they embed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pytest

from outfitter.artifact import Manifest
from outfitter.catalogue import Catalogue, Report, build
from outfitter.catalogue.place import Where
from outfitter.catalogue.store import Tables, read_rejects, read_stamp
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.values import Crops, Embeddings
from tests.conftest import ToyModels
from tests.toy import picture

Row = Mapping[str, object]


@dataclass
class CountingEmbedder:
    """The toy embedder; `crops` counts what went through it."""

    inner: Embedder
    crops: int = 0
    manifest: Manifest = field(init=False)

    def __post_init__(self) -> None:
        self.manifest = self.inner.manifest

    def __call__(self, crops: Crops) -> Embeddings:
        self.crops += len(crops)
        return self.inner(crops)


class Models(TypedDict):
    detector: Detector
    embedder: CountingEmbedder


@pytest.fixture
def models(toy_models: ToyModels) -> Models:
    return {
        "detector": Detector(toy_models.detector, threads=1),
        "embedder": CountingEmbedder(Embedder(toy_models.embedder, threads=1)),
    }


def draw(folder: Path, count: int) -> list[Row]:
    """`count` products, each with a top in a picture of its own, every third worn with a bottom; a few attributes."""
    colours = np.random.default_rng(7)
    (folder / "pictures").mkdir(parents=True)
    rows: list[Row] = []
    for number in range(count):
        red, blue = (int(value) for value in colours.integers(150, 250, 2))
        garments: dict[str, Any] = {"top": ((20, 20, 90, 70 + number % 20), (red, number % 40, 30))}
        if number % 3 == 0:
            garments["bottom"] = ((30, 100, 75, 170), (number % 50, 20, blue))
        picture((120, 200), **garments).save(folder / f"pictures/{number}.png")
        rows.append(
            {
                "id": f"p{number}",
                "title": f"Top, no {number}",
                "image": f"pictures/{number}.png",
                "category": "Top" if number % 2 else "top",
                "price": number + 0.5,
                "fabric": "linen" if number % 4 else "wool",
            }
        )
    return rows


def write_csv(path: Path, rows: Sequence[Row]) -> Path:
    columns = dict.fromkeys(name for row in rows for name in row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


@dataclass(frozen=True)
class Shop:
    """A feed of seven products, and where its catalogue goes."""

    folder: Path
    rows: list[Row]
    models: Models

    @property
    def feed(self) -> Path:
        return self.folder / "feed.csv"

    @property
    def out(self) -> Path:
        return self.folder / "shop"

    def write(self, *rows: Row) -> Path:
        """Write the feed: its own rows and these."""
        return write_csv(self.feed, [*self.rows, *rows])

    def build(self) -> Catalogue:
        build(self.feed, self.out, **self.models)
        return Catalogue.open(self.out)

    def rejects(self) -> list[dict[str, str]]:
        with (self.out / "rejects.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def counts(report: Report) -> tuple[int, int, int, int]:
    """Products added, updated, unchanged and rejected."""
    return report.added, report.updated, report.unchanged, report.rejected


@pytest.fixture
def shop(tmp_path: Path, models: Models) -> Shop:
    shop = Shop(tmp_path, draw(tmp_path, 7), models)
    shop.write()
    return shop


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """``save("x.png", top=(box, colour))`` → the picture's name, beside the feed."""

    def save(name: str, **garments: Any) -> str:
        picture((140, 90), **garments).save(tmp_path / name)
        return name

    return save


def contents(folder: Where) -> dict[str, Any]:
    """All that a catalogue holds: every row of both tables, in an order of its own, the stamp and the rejects."""
    stamp = read_stamp(folder)
    tables = Tables(folder, stamp)
    return {
        "products": tables.products.to_arrow().sort_by("id").to_pylist(),
        "garments": tables.garments.to_arrow().sort_by([("picture", "ascending"), ("number", "ascending")]).to_pylist(),
        "stamp": stamp.model_dump(exclude={"revision", "versions"}),  # how it came to be, not what it holds
        "rejects": read_rejects(folder),
    }
