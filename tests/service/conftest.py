"""A small shop, served: real catalogue, tiny real models, the app in this process."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from outfitter.catalogue import build
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.service.app import create_app
from outfitter.service.auth import Keys
from outfitter.service.server import listen
from outfitter.service.settings import Settings
from tests.catalogue.conftest import write_csv
from tests.conftest import ToyModels
from tests.toy import picture

SHOP_PAGE = "https://shop.example"
COLOURS = {
    "top": {"red": (200, 20, 30), "orange": (232, 130, 40), "burgundy": (120, 10, 55)},
    "bottom": {"blue": (40, 60, 200), "navy": (20, 25, 95)},
    "footwear": {"green": (10, 150, 20), "mint": (90, 200, 110)},
}
SIZES = {"top": (120, 140), "bottom": (100, 200), "footwear": (150, 70)}


def outfit(top: str = "burgundy", bottom: str = "navy") -> bytes:
    """322 × 480, a PNG file: a top above a bottom."""
    image = picture(
        (322, 480),
        top=((100, 60, 220, 200), COLOURS["top"][top]),
        bottom=((110, 200, 210, 400), COLOURS["bottom"][bottom]),
    )
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def feed(folder: Path) -> Path:
    """Seven products; the red top is also shown with the navy bottom, in worn.png. One title is HTML."""
    rows: list[dict[str, object]] = []
    for slot, colours in COLOURS.items():
        for name, rgb in colours.items():
            key = f"{slot}-{name}"
            box = (60, 40, 60 + SIZES[slot][0], 40 + SIZES[slot][1])
            picture((300, 280), garment=(box, rgb)).save(folder / f"{key}.png")
            rows.append(
                {
                    "id": key,
                    "title": "<img src=x onerror=alert(1)> & mint" if name == "mint" else f"{name.title()} {slot}",
                    "image": f"{key}.png",
                    "category": slot,
                    "colour": name,
                    "price": 10 * len(rows) + 9.5,
                    "currency": "EUR",
                    "availability": "out of stock" if name == "blue" else "in stock",
                    "additional_images": "worn.png" if key == "top-red" else "",
                }
            )
    (folder / "worn.png").write_bytes(outfit("red", "navy"))
    return write_csv(folder / "feed.csv", rows)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, toy_models: ToyModels) -> Path:
    folder = tmp_path_factory.mktemp("served") / "shop"
    folder.parent.joinpath("feed").mkdir()
    models = {
        "detector": Detector(toy_models.detector, threads=1),
        "embedder": Embedder(toy_models.embedder, threads=1),
    }
    build(feed(folder.parent / "feed"), folder, **models)  # type: ignore[arg-type]
    return folder


@pytest.fixture
def catalogue(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(built, tmp_path / "shop"))


@contextmanager
def running(app: FastAPI, settings: Settings, host: str = "127.0.0.1") -> Iterator[str]:
    """The app on a socket of this machine, as `outfitter serve` runs it: its address."""
    server, sock = listen(app, settings, host, 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    sock.close()


Serve = Callable[..., TestClient]


@pytest.fixture
def serve(catalogue: Path, toy_models: ToyModels) -> Iterator[Serve]:
    """``serve(rate=2)`` → a client that has the admin key; ``client.key`` is it."""
    clients: list[TestClient] = []

    def start(fetch: Callable[[str], bytes] | None = None, **options: Any) -> TestClient:
        settings = Settings(
            catalogue=catalogue,
            detector=toy_models.detector,
            embedder=toy_models.embedder,
            **{"origins": (SHOP_PAGE,), "workers": 2, "rate": 0, "reload_seconds": 0, **options},
        )
        keys, key = Keys.open(settings.state_folder)
        app: FastAPI = create_app(settings, keys, fetch)
        client = TestClient(app, headers={"Authorization": f"Bearer {key}"} if key else {})
        clients.append(client)
        return client.__enter__()

    yield start
    for client in clients:
        client.__exit__()


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()
