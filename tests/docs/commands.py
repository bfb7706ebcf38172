"""The commands that a page of documentation shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]


def commands(page: str) -> list[list[str]]:
    """The words of every indented line of `page` that calls ``outfitter``, in order, without comments."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    found = [shlex.split(line, comments=True)[1:] for line in lines if re.match(r"    outfitter ", line)]
    assert found, f"{page} shows no commands"
    return found
