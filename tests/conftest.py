"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real photos named by OUTFITTER_DATA (it holds ``ccp/`` and ``clothing-small/``)."""
    folder = os.environ.get("OUTFITTER_DATA")
    if not folder:
        pytest.skip("needs real photos: set OUTFITTER_DATA to the folder that holds ccp/ and clothing-small/")
    path = Path(folder)
    assert path.is_dir(), f"OUTFITTER_DATA is {folder}, which is not a folder"
    return path
