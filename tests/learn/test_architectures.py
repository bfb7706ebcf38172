"""What every architecture promises, and what the original's is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from outfitter.artifact import DetectorInput
from outfitter.errors import TrainingError
from outfitter.learn.models import NAMES, build
from outfitter.learn.models.common import hold_batch_norm
from outfitter.learn.options import train_options

CLASSES = ("top", "bottom", "long")
QUICK = [name for name in NAMES if "inception" not in name]
NOTHING = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}


def images_for(name: str) -> list[torch.Tensor]:
    """Two noisy images, lopsided where the architecture allows it, small where it does."""
    chosen = train_options({"model": name}, "test").input
    width, height = chosen.fixed_wh if chosen.fixed_wh and "ssd" in name else (96, 160)
    torch.manual_seed(0)
    return [torch.rand(3, height, width) * 255 for _ in range(2)]


@pytest.fixture(scope="module")
def models() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {name: build(name, CLASSES, "none") for name in QUICK}


@pytest.mark.parametrize("name", QUICK)
def test_losses_in_training_and_boxes_otherwise(name: str, models: dict[str, nn.Module]) -> None:
    model, images = models[name], images_for(name)
    truth = {"boxes": torch.tensor([[10.0, 20, 80, 90]]), "labels": torch.tensor([3])}
    losses = model.train()(images, [truth, NOTHING])
    total = torch.stack(list(losses.values())).sum()
    assert torch.isfinite(total)
    total.backward()  # type: ignore[no-untyped-call]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert sum(parameter.grad is not None for parameter in trained) > 0.9 * len(trained)
    with torch.inference_mode():
        found = model.eval()(images)
    assert len(found) == 2
    for one in found:
        assert set(one) == {"boxes", "labels", "scores"}
        assert len(one["boxes"]) == len(one["labels"]) == len(one["scores"])
        assert set(one["labels"].tolist()) <= {1, 2, 3}
        assert bool(((one["scores"] >= 0) & (one["scores"] <= 1)).all())


@pytest.mark.parametrize("name", QUICK)
def test_a_batch_without_any_box(name: str, models: dict[str, nn.Module]) -> None:
    model = models[name].train()
    model.zero_grad()
    losses = model(images_for(name), [NOTHING, NOTHING])
    assert all(bool(torch.isfinite(loss)) for loss in losses.values())
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    idle = {name for name, one in model.named_parameters() if one.requires_grad and one.grad is None}
    assert not idle, "processes beside this one wait for it to move, too"


def test_held_batch_norm_keeps_its_statistics() -> None:
    model = build("faster_rcnn_lite", ("top",), "none").train()
    hold_batch_norm(model)
    before = {k: v.clone() for k, v in model.state_dict().items() if "running" in k}
    target = {"boxes": torch.tensor([[10.0, 20, 60, 90]]), "labels": torch.tensor([1])}
    model([torch.rand(3, 96, 64) * 255], [target])
    assert before
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in before.items())


@pytest.mark.parametrize("name", ["ssdlite320_mobilenet_v3", "faster_rcnn_resnet50_fpn_v2"])
def test_weights_from_a_file_but_for_the_classifier(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    given = build(name, [str(number) for number in range(90)], "none").state_dict()
    save_file(given, tmp_path / "coco.safetensors")
    model = build(name, CLASSES, str(tmp_path / "coco.safetensors"))
    own = model.state_dict()
    other = [key for key, value in own.items() if value.shape != given[key].shape]
    assert other
    assert all(torch.equal(value, given[key]) for key, value in own.items() if key not in other)


def test_transformers_weights_from_a_folder(tmp_path: Path) -> None:
    torch.manual_seed(1)
    given: Any = build("rt_detr_v2", [str(number) for number in range(80)], "none")
    given.network.save_pretrained(tmp_path)
    model: Any = build("rt_detr_v2", CLASSES, str(tmp_path))
    assert model.network.config.id2label == dict(enumerate(CLASSES))
    name = "model.encoder_input_proj.0.0.weight"
    assert torch.equal(model.network.state_dict()[name], given.network.state_dict()[name])
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="the folder does not hold it"):
        build("rt_detr_v2", CLASSES, str(tmp_path / "empty"))


def test_transformers_weights_make_the_model_that_runs_go_on_with(tmp_path: Path) -> None:
    given: Any = build("rt_detr_v2", CLASSES, "none")
    config = given.network.config
    config.freeze_backbone_batch_norms = True  # as published
    type(given.network)(config).save_pretrained(tmp_path / "published")
    model = build("rt_detr_v2", CLASSES, str(tmp_path / "published"))
    assert model.state_dict().keys() == given.state_dict().keys()
    config.decoder_layers = 4
    type(given.network)(config).save_pretrained(tmp_path / "deeper")
    with pytest.raises(TrainingError, match="of another size than ResNet-18's: .* differs"):
        build("rt_detr_v2", CLASSES, str(tmp_path / "deeper"))


def test_weights_of_another_architecture(tmp_path: Path, models: dict[str, nn.Module]) -> None:
    save_file(models["ssdlite320_mobilenet_v3"].state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(TrainingError, match=r"tensors are not in it .* Name weights of the same architecture"):
        build("ssd300_vgg16", CLASSES, str(tmp_path / "w.safetensors"))
    with pytest.raises(TrainingError, match=r"nothing.pth: cannot be read as weights"):
        build("ssd300_vgg16", CLASSES, str(tmp_path / "nothing.pth"))


def test_without_a_network_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("torchvision._internally_replaced_utils.load_state_dict_from_url", offline, raising=False)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(TrainingError, match=r"cannot be fetched \(OSError\).*--weights FILE.*--weights none"):
        build("ssd300_vgg16", CLASSES)


# --- the original's


@pytest.fixture(scope="module")
def original() -> Any:
    torch.manual_seed(0)
    return build("faster_rcnn_inception_resnet_v2", CLASSES, "none").eval()


def test_the_first_stage_has_stride_8_and_looks_twice_as_far(original: Any) -> None:
    with torch.inference_mode():
        features = original.backbone(torch.rand(1, 3, 200, 120))
    assert features.shape == (1, 1088, 25, 15)
    wide = [layer for layer in original.backbone.body[-1].modules() if isinstance(layer, nn.Conv2d)]
    assert {layer.dilation for layer in wide if max(layer.kernel_size) > 1} == {(2, 2)}
    assert len(original.backbone.body[-1]) == 20


def test_the_second_stage_is_the_rest_of_the_network(original: Any) -> None:
    crops = torch.rand(2, 1088, 17, 17)
    with torch.inference_mode():
        assert original.roi_heads.box_head.body[0](crops).shape == (2, 2080, 8, 8)
        assert original.roi_heads.box_head(crops).shape == (2, 1536)
    assert original.roi_heads.box_roi_pool.output_size == (17, 17)


def test_anchors_and_thresholds_are_the_originals(original: Any) -> None:
    anchors = original.rpn.anchor_generator.cell_anchors[0]
    width, height = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    sides = (width * height).sqrt().round().tolist()
    assert sorted(sides) == pytest.approx(sorted([64, 128, 256, 512] * 3), abs=2)
    assert sorted({round(float(h / w), 1) for w, h in zip(width, height, strict=True)}) == [0.5, 1.0, 2.0]
    assert original.rpn.nms_thresh == 0.7
    assert original.rpn._post_nms_top_n == {"training": 300, "testing": 300}
    assert original.roi_heads.nms_thresh == 0.6
    assert original.roi_heads.detections_per_img == 100
    assert original.rpn.head.conv.dilation == (2, 2)


def test_it_has_the_networks_parameters_and_the_heads(original: Any) -> None:
    network = 54_306_464  # Inception-ResNet-v2 without its classifier (1536 × 1001 + 1001 or 1000)
    proposals = 1088 * 512 * 9 + 512 + (512 + 1) * 12 + (512 + 1) * 48
    boxes = (1536 + 1) * 4 + (1536 + 1) * 16
    assert sum(parameter.numel() for parameter in original.parameters()) == network + proposals + boxes


def test_its_options_are_the_originals() -> None:
    options = train_options({"model": "faster_rcnn_inception_resnet_v2"}, "test")
    assert (options.batch, options.steps, options.ema) == (1, 200_000, 0)
    assert options.input == DetectorInput(short_side=600, long_side=1024, multiple_of=8)
    optimiser = options.optimiser
    assert (optimiser.kind, optimiser.learning_rate, optimiser.momentum, optimiser.clip) == ("sgd", 3e-4, 0.9, 10)
    assert (optimiser.schedule, optimiser.milestones) == ("steps", (900_000, 1_200_000))
    assert (options.augment.flip, options.augment.zoom, options.augment.colour) == (0.5, 0, 0)


@pytest.mark.slow
def test_its_box_losses_count_twice(original: Any) -> None:
    from torchvision.models.detection import FasterRCNN

    images = [torch.rand(3, 96, 128, generator=torch.Generator().manual_seed(3)) * 255]
    target = {"boxes": torch.tensor([[10.0, 20, 110, 90]]), "labels": torch.tensor([2])}
    original.train()
    hold_batch_norm(original)
    torch.manual_seed(5)
    ours = original(images, [target])
    torch.manual_seed(5)
    plain = FasterRCNN.forward(original, images, [target])
    original.eval()
    for name, loss in plain.items():
        factor = 2 if "box_reg" in name else 1
        assert ours[name].item() == pytest.approx(factor * loss.item(), rel=1e-4), name


def test_options_of_one_architecture_and_the_users() -> None:
    given = {"model": "ssd300_vgg16", "optimiser": {"momentum": 0.8}, "input": {"fixed_wh": [256, 256]}}
    options = train_options(given, "test")
    assert (options.optimiser.kind, options.optimiser.momentum) == ("sgd", 0.8)
    assert options.input.fixed_wh == (256, 256)
