"""Tell a crop's class without a detector: ``python recipes/seed-crop/head.py CROPS OUT [EPOCHS]``.

CROPS is what ``crops.py`` made. EfficientNet-Lite2 (ImageNet) learns which of the classes the crop was cut for, and OUT
gets, for each crop of val, three detections in the lines that ``outfitter evaluate OUT --on CROPS`` reads: each class
with its probability, averaged over the crop and its mirror image, in the box that the training crops of that class have
on average. Val is looked at once, at the end.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from outfitter.datasets import load
from outfitter.evaluation.baselines import learn_prior
from outfitter.learn.backbones import efficientnet_lite
from outfitter.learn.models.common import hold_batch_norm
from outfitter.learn.schedule import freeze
from outfitter.photo import load_photo
from outfitter.taxonomy import BROAD
from outfitter.values import Example

HEIGHT, WIDTH, BATCH = 256, 192, 32
RATE, HEAD_RATE, DECAY, SMOOTHING, DROPOUT = 3e-4, 1.5e-3, 0.02, 0.1, 0.3
FROZEN = ("conv_stem", "bn1", "blocks.0", "blocks.1")


def letterboxed(example: Example) -> NDArray[np.uint8]:
    """uint8 (HEIGHT, WIDTH, 3), on grey."""
    crop = Image.fromarray(load_photo(example.image).pixels)
    scale = min(WIDTH / crop.width, HEIGHT / crop.height)
    crop = crop.resize(
        (max(1, round(crop.width * scale)), max(1, round(crop.height * scale))), Image.Resampling.BILINEAR
    )
    ground = Image.new("RGB", (WIDTH, HEIGHT), (127, 127, 127))
    ground.paste(crop, ((WIDTH - crop.width) // 2, (HEIGHT - crop.height) // 2))
    return np.asarray(ground)


def as_input(pixels: NDArray[np.uint8]) -> Tensor:
    batch = torch.tensor(pixels).permute(0, 3, 1, 2).float().sub(127).div(128)
    return batch.contiguous(memory_format=torch.channels_last)


def augmented(batch: Tensor) -> Tensor:
    """Mirrored, moved and stretched by up to a tenth, in other light, half of them with a part covered."""
    count = len(batch)
    batch = torch.where((torch.rand(count) < 0.5)[:, None, None, None], batch.flip(3), batch)
    moves = torch.zeros(count, 2, 3)
    moves[:, [0, 1], [0, 1]] = torch.empty(count, 2).uniform_(0.9, 1.1)
    moves[:, :, 2].uniform_(-0.08, 0.08)
    grid = nn.functional.affine_grid(moves, list(batch.shape), align_corners=False)
    batch = nn.functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
    batch = batch * torch.empty(count, 3, 1, 1).uniform_(0.75, 1.25) + torch.empty(count, 1, 1, 1).uniform_(-0.2, 0.2)
    for one in batch[::2]:
        height, width = (int(torch.randint(30, most, ())) for most in (90, 80))
        top, left = int(torch.randint(HEIGHT - height, ())), int(torch.randint(WIDTH - width, ()))
        one[:, top : top + height, left : left + width] = 0
    return batch.contiguous(memory_format=torch.channels_last)


def learn(pixels: NDArray[np.uint8], classes: Tensor, epochs: int) -> nn.Module:
    """In eval mode."""
    backbone = efficientnet_lite(2, num_classes=0, drop_path_rate=0.1)
    head = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(int(backbone.num_features), len(BROAD)))  # type: ignore[arg-type]
    net = nn.Sequential(backbone, head).to(memory_format=torch.channels_last)
    freeze(backbone, FROZEN)
    learning = [parameter for parameter in backbone.parameters() if parameter.requires_grad]
    groups = [{"params": learning, "lr": RATE}, {"params": head.parameters(), "lr": HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=DECAY)
    steps = len(pixels) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [RATE, HEAD_RATE], total_steps=epochs * steps, pct_start=0.1
    )
    weight = len(classes) / len(BROAD) / torch.bincount(classes).float()
    loss_of = nn.CrossEntropyLoss(weight, label_smoothing=SMOOTHING)
    for epoch in range(epochs):
        net.train()
        hold_batch_norm(net)
        total = 0.0
        for chosen in torch.randperm(len(pixels))[: steps * BATCH].view(steps, BATCH):
            loss = loss_of(net(augmented(as_input(pixels[chosen.numpy()]))), classes[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: loss {total / steps:.3f}", flush=True)
    return net.eval()


def main() -> None:
    torch.manual_seed(0)
    crops, out = load(Path(sys.argv[1])), Path(sys.argv[2])
    epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    train, val = crops.split("train"), crops.split("val")
    classes = torch.tensor([BROAD.index(one.annotations.labels[0]) for one in train])
    net = learn(np.stack([letterboxed(one) for one in train]), classes, epochs)
    boxes = learn_prior(one.annotations for one in train).box
    with out.open("w", encoding="utf-8") as file, torch.inference_mode():
        for one in val:
            seen = as_input(letterboxed(one)[None])
            likely = (net(seen).softmax(1) + net(seen.flip(3)).softmax(1))[0] / 2
            sides = np.tile(one.annotations.size_wh, 2)
            found = [
                {"box_xyxy": (np.array(boxes[label]) * sides).tolist(), "label": label, "score": score}
                for score, label in sorted(zip(likely.tolist(), BROAD, strict=True), reverse=True)
            ]
            file.write(json.dumps({"photo": one.name, "detections": found}) + "\n")


if __name__ == "__main__":
    main()
