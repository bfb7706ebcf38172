"""Looks as files, where a picture is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outfitter.candidates import CatalogueSource
from outfitter.catalogue import Catalogue
from outfitter.errors import PhotoError
from outfitter.photo import read_bytes
from outfitter.service.export import Exported, export_looks
from outfitter.walk import Shop


def exported(built: Path, out: Path, missing: str, monkeypatch: pytest.MonkeyPatch) -> Exported:
    def read(place: Any, *, name: str, **options: Any) -> bytes:
        if name == missing:
            raise PhotoError(f"{name}: there is no such file.")
        return read_bytes(place, name=name, **options)

    monkeypatch.setattr("outfitter.service.export.read_bytes", read)
    catalogue = Catalogue.open(built)
    return export_looks(Shop(CatalogueSource(catalogue)), catalogue, out)


def test_a_look_alike_without_its_picture_is_left_out(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = exported(built, tmp_path / "whole", "", monkeypatch)
    done = exported(built, tmp_path / "looks", "top-burgundy.png", monkeypatch)
    assert (done.looks, done.failed, done.pictures) == (1, (), whole.pictures - 1)
    assert "top-burgundy" in (tmp_path / "whole" / "looks.json").read_text()
    told = (tmp_path / "looks" / "looks.json").read_text()
    assert "top-burgundy" not in told
    assert all(f"pictures/{file.name}" in told for file in (tmp_path / "looks" / "pictures").iterdir())


def test_a_look_that_fails_leaves_no_pictures(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = exported(built, tmp_path / "looks", "worn.png", monkeypatch)
    assert (done.looks, done.pictures, [image for image, _ in done.failed]) == (0, 0, ["worn.png"])
    assert list((tmp_path / "looks" / "pictures").iterdir()) == []
