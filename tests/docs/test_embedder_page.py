"""The commands of docs/embedder.md run, at small scale."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Outfitter, outfitter
from tests.datasets.sources import write_text
from tests.docs.commands import commands
from tests.learn.conftest import draw

__all__ = ["outfitter"]

STEPS = {"400": "2", "600": "3"}


def test_the_commands_run(outfitter: Outfitter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    rows = ["image,group,kind,x1,y1,x2,y2"]
    for number in range(4):
        one = draw(tmp_path / "photos", number)
        for label, box in zip(one.annotations.labels, one.annotations.boxes_xyxy.tolist(), strict=True):
            rows.append(f"photos/{one.image.name},{label},{label},{','.join(map(str, box))}")
    write_text(tmp_path / "garments.csv", "\n".join(rows) + "\n")
    write_text(
        tmp_path / "small.yaml",
        "{backbone: 0, side: 64, shape_dimensions: 16, batch: 4, fitted_on: 8, workers: 0, weights: none}",
    )
    for words in commands("docs/embedder.md"):
        if words[0] == "train-embedder" and "--out" in words:
            words += ["--config", "small.yaml"]
        if "--print-config" not in words and "--embedder" not in words:
            done = outfitter(*[STEPS.get(word, word) for word in words])
            assert done.code == 0, f"{' '.join(words)}: {done.err}"
    assert (tmp_path / "result" / "report.html").is_file()
