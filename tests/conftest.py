"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from tests.databases import Postgres, running_postgres
from tests.stores import Store, seaweedfs

settings.register_profile("outfitter", deadline=None)  # the machine may be busy
settings.load_profile("outfitter")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real photos named by OUTFITTER_DATA (it holds ``ccp/`` and ``clothing-small/``)."""
    folder = os.environ.get("OUTFITTER_DATA")
    if not folder:
        pytest.skip("needs real photos: set OUTFITTER_DATA to the folder that holds ccp/ and clothing-small/")
    path = Path(folder)
    assert path.is_dir(), f"OUTFITTER_DATA is {folder}, which is not a folder"
    return path


@contextmanager
def logging_kept() -> Iterator[None]:
    """The root logger is afterwards as it was: `outfitter serve` sends all logs to a stderr that ends with the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers = handlers
        root.setLevel(level)


@dataclass(frozen=True)
class ToyModels:
    """Model folders of `toy`: a detector of plain colours, a colour-layout embedder, and another embedder."""

    detector: Path
    embedder: Path
    other_embedder: Path


@pytest.fixture(scope="session")
def toy_models(tmp_path_factory: pytest.TempPathFactory) -> ToyModels:
    from tests.toy import toy_detector, toy_embedder  # loads onnx

    work = tmp_path_factory.mktemp("toy-models")
    return ToyModels(
        toy_detector(work / "detector", work),
        toy_embedder(work / "embedder", work),
        toy_embedder(work / "other", work, name="other-toy", tint=9.0),
    )


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A server that speaks S3."""
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as store:
        yield store


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of our own."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def bucket(object_store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    """``s3://…``, a prefix of its own for each test, which the environment leads to."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    return object_store.new_prefix()
