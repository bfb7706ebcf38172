"""Of several runs, or of a run and the model it began at, the mean of the weights is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from outfitter.artifact import SHIPPED
from outfitter.errors import TrainingError
from outfitter.learn.export import export_detector
from outfitter.learn.models import build
from outfitter.learn.reopen import reopen
from outfitter.learn.train import RunInfo, best_weights, load_trained, resume, start
from outfitter.values import Example
from tests.learn.test_export import CARD
from tests.learn.test_train import SMALL

Rectangles = Callable[[int], list[Example]]
NAMES = ("top", "bottom")
OPTIONS = SMALL.model_copy(update={"steps": 2})
INFO = RunInfo(OPTIONS, NAMES, "x")


def weights(*sources: Path) -> Mapping[str, Tensor]:
    return load_trained(sources[0], sources[1:])[0].model.state_dict()


def assert_mean(found: Mapping[str, Tensor], first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> None:
    for name, tensor in found.items():
        if name not in second:
            assert torch.equal(tensor, first[name]), name
        elif tensor.is_floating_point():
            torch.testing.assert_close(tensor, (first[name] + second[name]) / 2)


def test_of_two_runs(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "a", INFO, examples, ())()
    start(tmp_path / "b", RunInfo(OPTIONS.model_copy(update={"seed": 1}), NAMES, "x"), examples, ())()
    a, b = (best_weights(tmp_path / name) for name in "ab")
    assert not torch.equal(a["rpn.head.cls_logits.weight"], b["rpn.head.cls_logits.weight"])
    assert_mean(weights(tmp_path / "a", tmp_path / "b"), a, b)
    for name, tensor in weights(tmp_path / "a", tmp_path / "b", tmp_path / "b").items():
        expected = (a[name] + 2 * b[name]) / 3 if tensor.is_floating_point() else a[name]
        torch.testing.assert_close(tensor, expected)
    other = RunInfo(OPTIONS, ("bottom", "top"), "x")
    start(tmp_path / "c", other, examples, ())()
    with pytest.raises(TrainingError, match="for top, bottom, another of the runs .* for bottom, top; only weights of"):
        load_trained(tmp_path / "a", [tmp_path / "c"])


def test_along_a_run(tmp_path: Path, rectangles: Rectangles) -> None:
    options = OPTIONS.model_copy(update={"steps": 6, "save_every": 5, "keep_every": 2, "evaluate_every": 1})
    examples = rectangles(2)
    start(tmp_path / "run", RunInfo(options, NAMES, "x"), examples, examples)()
    kept = sorted((tmp_path / "run" / "checkpoints").iterdir())
    assert [int(folder.name.removeprefix("step-")) for folder in kept] == [2, 4, 5, 6]
    first, second = best_weights(kept[0]), best_weights(kept[3])
    assert not torch.equal(first["rpn.head.cls_logits.weight"], second["rpn.head.cls_logits.weight"])
    assert_mean(weights(kept[0], kept[3]), first, second)
    assert_mean(weights(tmp_path / "run" / "best"), best_weights(tmp_path / "run"), {})


def test_of_a_run_and_the_folder_it_began_at(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "first", INFO, examples, ())()
    folder = tmp_path / "folder"
    export_detector(load_trained(tmp_path / "first")[0], folder, examples, CARD, max_drop=1.0)
    start(tmp_path / "second", INFO, examples, (), init=folder)()
    given = reopen(folder, build("faster_rcnn_lite", NAMES, "none"))
    assert_mean(weights(tmp_path / "second", folder), best_weights(tmp_path / "second"), given)
    with pytest.raises(TrainingError, match="have a mean only with those of a run that began at a model folder"):
        load_trained(tmp_path / "first", [folder])
    with pytest.raises(
        TrainingError, match=r"is for top, bottom, long, .*only weights for the same classes have a mean"
    ):
        load_trained(tmp_path / "second", [SHIPPED / "detector"])


def test_a_run_from_before_a_branch_was_added(tmp_path: Path, rectangles: Rectangles) -> None:
    """It is served, has its share in a mean, and is begun from; only resumed it cannot be."""
    examples = rectangles(2)
    start(tmp_path / "new", INFO, examples, ())()
    start(tmp_path / "old", INFO, examples, ())()
    for file in (tmp_path / "old").rglob("*.safetensors"):
        if file.stem in ("model", "ema"):
            save_file({name: tensor for name, tensor in load_file(file).items() if ".quality." not in name}, file)
    old, new = best_weights(tmp_path / "old"), best_weights(tmp_path / "new")
    assert old.keys() < new.keys()
    served = weights(tmp_path / "old")
    assert all(torch.equal(served[name], tensor) for name, tensor in old.items())
    assert not served["roi_heads.box_predictor.quality.2.weight"].any()
    assert_mean(weights(tmp_path / "new", tmp_path / "old"), new, old)
    begun = start(tmp_path / "begun", INFO, examples, (), init=tmp_path / "old")
    assert torch.equal(begun.model.state_dict()["rpn.head.cls_logits.bias"], old["rpn.head.cls_logits.bias"])
    with pytest.raises(
        TrainingError, match=r"was begun by another version, whose faster_rcnn_lite differs in .*--init"
    ):
        resume(tmp_path / "old", examples, (), steps=4)
