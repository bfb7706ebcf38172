"""Encoders of others: built small, with random weights, written as their publishers write them, and read back."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from outfitter.crops import PROTOCOL
from outfitter.errors import ConfigError, TrainingError
from outfitter.learn.adopt import KNOWN, adopt
from outfitter.values import Crops

SIDE = 32
SMALL: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": 8,
}


def processor(folder: Path, kind: str, **extra: Any) -> None:
    """The preprocessing file beside the weights."""
    size = {"height": SIDE, "width": SIDE}
    values = {"image_processor_type": kind, "size": size, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.6, 0.7]}
    (folder / "preprocessor_config.json").write_text(json.dumps({**values, **extra}))


def crops(count: int = 3) -> Crops:
    pixels = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
    return Crops(pixels, PROTOCOL)


def images(given: Crops) -> torch.Tensor:
    """What the encoder itself takes: normalised, channels first."""
    pixels = torch.from_numpy(given.pixels.copy()).permute(0, 3, 1, 2).float() / 255
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.5, 0.6, 0.7])
    return (pixels - mean.reshape(1, 3, 1, 1)) / std.reshape(1, 3, 1, 1)


def unit(vectors: torch.Tensor) -> np.ndarray[Any, Any]:
    return torch.nn.functional.normalize(vectors, dim=1).numpy()


def tiny(kind: str, folder: Path) -> Any:
    """A CLIP, SigLIP or DINOv2 of a few thousand weights, saved in `folder`. Returns what it makes of pixels."""
    transformers: Any = importlib.import_module("transformers")  # untyped in parts
    torch.manual_seed(0)
    if kind == "clip":
        vision = transformers.CLIPVisionConfig(**SMALL, intermediate_size=48, projection_dim=20)
        model: Any = transformers.CLIPVisionModelWithProjection(vision)
        model.save_pretrained(folder)
        (folder / "config.json").write_text(
            json.dumps({"model_type": "clip", "projection_dim": 20, "vision_config": vision.to_dict()})
        )
        processor(folder, "CLIPImageProcessor", do_center_crop=True, crop_size={"height": SIDE, "width": SIDE})
        return lambda x: model.eval()(x).image_embeds
    if kind == "siglip":
        vision = transformers.SiglipVisionConfig(**SMALL, intermediate_size=48)
        model = transformers.SiglipVisionModel(vision)
        model.save_pretrained(folder)
        (folder / "config.json").write_text(json.dumps({"model_type": "siglip", "vision_config": vision.to_dict()}))
        processor(folder, "SiglipImageProcessor")
    else:
        model = transformers.Dinov2Model(transformers.Dinov2Config(**SMALL, mlp_ratio=2))
        model.save_pretrained(folder)
        processor(folder, "BitImageProcessor", do_center_crop=True, crop_size={"height": SIDE, "width": SIDE})
    return lambda x: model.eval()(x).pooler_output


@pytest.mark.parametrize("kind", ["clip", "siglip", "dinov2"])
def test_transformers_from_a_folder(kind: str, tmp_path: Path) -> None:
    encode = tiny(kind, tmp_path)
    model = adopt(f"transformers:{tmp_path}")
    assert model.side == SIDE
    given = crops()
    with torch.inference_mode():
        np.testing.assert_allclose(
            model(torch.from_numpy(given.pixels.copy())).numpy(), unit(encode(images(given))), atol=1e-5
        )


def test_timm_from_a_folder(tmp_path: Path) -> None:
    backbone: Any = timm.create_model("mobilenetv3_small_050")  # with its classifier, as published folders have it
    save_file(backbone.state_dict(), tmp_path / "model.safetensors")
    prepared = {"input_size": [3, SIDE, SIDE], "mean": [0.5, 0.4, 0.3], "std": [0.5, 0.6, 0.7]}
    config = {"architecture": "mobilenetv3_small_050", "num_classes": 1000, "pretrained_cfg": prepared}
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file({"visual.trunk.x": torch.zeros(1)}, tmp_path / "open_clip_model.safetensors")  # as some have besides
    model = adopt(f"timm:{tmp_path}")
    assert model.side == SIDE
    given = crops()
    backbone.reset_classifier(0)
    with torch.inference_mode():
        np.testing.assert_allclose(
            model(torch.from_numpy(given.pixels.copy())).numpy(), unit(backbone.eval()(images(given))), atol=1e-5
        )
    save_file(timm.create_model("mobilenetv3_small_075").state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(TrainingError, match="holds other weights"):
        adopt(f"timm:{tmp_path}")


def test_open_clip_takes_the_image_half(tmp_path: Path) -> None:
    trunk = timm.create_model("vit_tiny_patch16_224", num_classes=0)
    state = {f"visual.trunk.{name}": tensor for name, tensor in trunk.state_dict().items()}
    save_file({**state, "text.token_embedding.weight": torch.zeros(3, 2)}, tmp_path / "open_clip_model.safetensors")
    vision = {"image_size": 224, "timm_model_name": "vit_tiny_patch16_224", "timm_pool": "token"}
    config = {
        "model_cfg": {"vision_cfg": vision},
        "preprocess_cfg": {"mean": [0.5, 0.4, 0.3], "std": [0.5, 0.6, 0.7]},
    }
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    model = adopt(f"open-clip:{tmp_path}")
    pixels = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), np.uint8)
    given = Crops(pixels, PROTOCOL)
    with torch.inference_mode():
        np.testing.assert_allclose(
            model(torch.from_numpy(pixels)).numpy(), unit(trunk.eval()(images(given))), atol=1e-4
        )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("fashion-klip", "did you mean 'fashion-clip'"),
        ("tim:resnet18", "unknown family 'tim'"),
        ("timm:resnet_18", "timm has no model 'resnet_18'"),
    ],
)
def test_unknown_sources(source: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        adopt(source)


def test_weights_of_another_network(tmp_path: Path) -> None:
    save_file(timm.create_model("mobilenetv3_small_050").state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(TrainingError, match="holds other weights"):
        adopt("timm:mobilenetv3_small_075", tmp_path / "w.safetensors")


def test_a_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no usable open_clip_config.json"):
        adopt(f"open-clip:{tmp_path}")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ConfigError, match="is a 'bert'; can adopt clip, siglip, dinov2"):
        adopt(f"transformers:{tmp_path}")
    with pytest.raises(TrainingError, match="holds no weights"):
        adopt(f"timm:{tmp_path}")
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(TrainingError, match="the folder does not hold it: 'architecture'"):
        adopt(f"timm:{tmp_path}")


def test_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in (*KNOWN, "timm:timm/resnet10t.c3_in1k"):
        with pytest.raises(TrainingError, match="the hub did not give it"):
            adopt(name)
