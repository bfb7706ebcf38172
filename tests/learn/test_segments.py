"""Masks that lie beside photos teach a detector, and leave no trace in what it serves."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from outfitter.errors import ConfigError, TrainingError
from outfitter.learn.augment import UNKNOWN
from outfitter.learn.models import build
from outfitter.learn.models.segments import Segments
from outfitter.learn.options import Optimiser, train_options
from outfitter.learn.preflight import overfit
from outfitter.learn.samples import mask_names
from outfitter.learn.train import RunInfo, load_trained, resume, start
from outfitter.photo import load_photo
from outfitter.values import Example
from tests.learn.conftest import COLOURS, draw
from tests.learn.test_train import SMALL

NAMES = ("top", "bottom")
LABELS = ("null", "top", "bottom")
OPTIONS = SMALL.model_copy(update={"steps": 6, "save_every": 3, "segments": 0.5})
INFO = RunInfo(OPTIONS, NAMES, "masked")


def masked(folder: Path, count: int, labels: tuple[str, ...] = LABELS) -> list[Example]:
    """Photos of rectangles as the format 'masks' has them."""
    for name in ("photos", "masks"):
        (folder / name).mkdir(parents=True)
    (folder / "labels.txt").write_text("\n".join(labels), encoding="utf-8")
    examples = [draw(folder / "photos", number) for number in range(count)]
    for example in examples:
        pixels = load_photo(example.image).pixels
        mask = np.zeros(pixels.shape[:2], np.uint8)
        for label, colour in enumerate(COLOURS.values(), 1):
            mask[(pixels == colour).all(2)] = label
        Image.fromarray(mask).save(folder / "masks" / f"{example.name}.png")
    return examples


def test_masks_are_learnt_and_not_served(tmp_path: Path) -> None:
    examples = [*masked(tmp_path / "data", 4), draw(tmp_path, 9)]
    run = start(tmp_path / "run", INFO, examples, examples[:1])
    run()
    losses = [line for line in (tmp_path / "run" / "train.log").read_text().splitlines() if "loss_segments=" in line]
    assert losses
    model: Any = run.model
    assert model.segments.out.out_channels == len(LABELS)
    detector, _ = load_trained(tmp_path / "run")
    assert not [name for name in detector.model.state_dict() if name.startswith("segments")]
    plain = RunInfo(OPTIONS.model_copy(update={"segments": 0.0}), NAMES, "masked")
    other = start(tmp_path / "other", plain, examples, (), init=tmp_path / "run")
    assert torch.equal(
        other.model.state_dict()["rpn.head.conv.0.0.weight"], detector.model.state_dict()["rpn.head.conv.0.0.weight"]
    )


@pytest.mark.usefixtures("ctrl_c")
def test_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    examples = masked(tmp_path / "data", 4)
    start(tmp_path / "whole", INFO, examples, ())()
    run = start(tmp_path / "parts", INFO, examples, ())

    def stop(step: int, _steps: int, _loss: float) -> None:
        if step == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(stop)
    resume(tmp_path / "parts", examples, ())()
    whole, parts = (load_trained(tmp_path / name)[0].model.state_dict() for name in ("whole", "parts"))
    assert [name for name in whole if not torch.equal(whole[name], parts[name])] == []


def test_masks_lie_on_padded_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = build("faster_rcnn_lite", NAMES, "none").train()
    model.learn_segments(LABELS, 1.0)
    seen: list[torch.Tensor] = []

    def look(_levels: object, masks: torch.Tensor) -> torch.Tensor:
        seen.append(masks)
        return masks.sum() * 0.0

    monkeypatch.setattr(model.segments, "forward", look)
    truth = {"boxes": torch.tensor([[5.0, 5, 50, 50]]), "labels": torch.tensor([1])}
    model([torch.rand(3, 102, 70) * 255], [{**truth, "mask": torch.ones((25, 17), dtype=torch.uint8)}])
    assert seen[0].shape == (1, 32, 24), "a quarter of 96 × 128"
    assert bool((seen[0][:, :25, :17] == 1).all())
    assert int((seen[0] == UNKNOWN).sum()) == 32 * 24 - 25 * 17


def test_preflight_needs_no_mask(tmp_path: Path) -> None:
    hopeless = INFO.options.model_copy(update={"optimiser": Optimiser(learning_rate=1e-9)})
    with pytest.raises(TrainingError, match="preflight: after 1 steps"):
        overfit(RunInfo(hopeless, NAMES, "x"), [draw(tmp_path, 0)], steps=1)


def test_the_loss_is_that_of_the_pixels_that_are_known() -> None:
    torch.manual_seed(0)
    branch = Segments(8, LABELS, 1.0)
    levels = {str(i): torch.rand(2, 8, 16 // 2**i, 16 // 2**i) for i in range(3)}
    masks = torch.full((2, 32, 32), 255, dtype=torch.uint8)
    nothing = branch(levels, masks)
    nothing.backward()
    assert nothing.item() == 0
    assert all(one.grad is not None and not one.grad.any() for one in branch.parameters()), "another process waits"
    masks[1, 4:12] = 1
    assert branch(levels, masks).item() > 0
    torch.nn.init.zeros_(branch.out.weight)
    branch.out.bias = torch.nn.Parameter(torch.tensor([0.0, 20.0, 0.0]))
    assert branch(levels, masks).item() < 1e-6
    masks[1, 20:24] = 2
    assert branch(levels, masks).item() > 1
    masks[1, 0, 0] = 3
    with pytest.raises(TrainingError, match="a mask holds id 3, and its labels.txt names 3, from 0. Add the missing"):
        branch(levels, masks)


def test_without_masks_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no photo to train on has a mask beside it; need photos/NAME.jpg"):
        start(tmp_path / "run", INFO, [draw(tmp_path, 0)], ())
    assert not (tmp_path / "run" / "run.json").exists()


def test_names_must_agree(tmp_path: Path) -> None:
    one, other = masked(tmp_path / "a", 1), masked(tmp_path / "b", 1, ("null", "bottom", "top"))
    assert mask_names(one) == LABELS
    with pytest.raises(TrainingError, match="name the ids of their masks differently"):
        mask_names([*one, *other])
    shutil.copy(tmp_path / "a" / "labels.txt", tmp_path / "b" / "labels.txt")
    assert mask_names([*one, *other]) == LABELS


@pytest.mark.parametrize("kind", ["size", "mode", "broken"])
def test_a_mask_that_does_not_fit_is_named(tmp_path: Path, kind: str) -> None:
    examples = masked(tmp_path / "data", 1)
    path = tmp_path / "data" / "masks" / "00.png"
    if kind == "broken":
        path.write_bytes(path.read_bytes()[:60])
    else:
        Image.new("L" if kind == "size" else "RGB", (150, 211) if kind == "size" else (150, 210)).save(path)
    with pytest.raises(TrainingError, match=r"00.png: .*need an 8-bit PNG of 150 × 210 pixels"):
        start(tmp_path / "run", INFO, examples, ())()


def test_another_architecture_has_no_such_branch(tmp_path: Path) -> None:
    other = train_options({"model": "ssdlite320_mobilenet_v3", "weights": "none", "segments": 0.5}, "x")
    with pytest.raises(ConfigError, match="segments: ssdlite320_mobilenet_v3 has no branch that learns from masks"):
        start(tmp_path / "run", RunInfo(other, NAMES, "x"), masked(tmp_path / "data", 1), ())
