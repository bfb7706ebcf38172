from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from outfitter.errors import ConfigError, TrainingError
from outfitter.learn.backbones import efficientnet_lite
from outfitter.learn.models import NAMES, build
from outfitter.learn.models.faster_rcnn_lite import CHANNELS


def test_names_make_the_outputs() -> None:
    model = build("faster_rcnn_lite", ("top", "bottom", "long"))
    assert model.roi_heads.box_predictor.cls_score.out_features == 4  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "classes"), [("faster_rcnn_light", ("top",)), ("faster_rcnn_lite", ("a", "a"))])
def test_what_cannot_be_built_is_refused(name: str, classes: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="did you mean 'faster_rcnn_lite'|each once"):
        build(name, classes)


def test_the_help_names_every_architecture() -> None:
    from outfitter.cli.train import MODELS

    assert re.findall(r"\w+", MODELS.replace(" or ", " ")) == list(NAMES)


def test_the_pyramid_has_the_promised_strides() -> None:
    model = build("faster_rcnn_lite", ("top",))
    levels = model.backbone(torch.zeros(1, 3, 128, 192))  # type: ignore[operator]
    assert [tuple(level.shape) for level in levels.values()] == [
        (1, CHANNELS, 128 // stride, 192 // stride) for stride in (8, 16, 32, 64)
    ]


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    save_file({"w": torch.zeros(3, 4)}, file)
    with pytest.raises(TrainingError, match="holds 1 tensors; this backbone has"):
        efficientnet_lite(0, file)


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    wanted = efficientnet_lite(0)
    state = {
        f"other.{i:04d}": v.contiguous() for i, (k, v) in enumerate(wanted.state_dict().items()) if "num_b" not in k
    }
    save_file(state, tmp_path / "w.safetensors")
    got = efficientnet_lite(0, tmp_path / "w.safetensors")
    assert torch.equal(got.state_dict()["blocks.3.0.conv_pw.weight"], wanted.state_dict()["blocks.3.0.conv_pw.weight"])
