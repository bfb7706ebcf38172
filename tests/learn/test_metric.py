"""Training an embedder on drawn squares: three styles, each in several colours."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file

from outfitter.artifact import read_manifest
from outfitter.cli import run as cli
from outfitter.errors import ConfigError, TrainingError
from outfitter.learn import checkpoint as checkpoints
from outfitter.learn.garments import PLAIN, EmbedderOptions, GarmentSamples, Split, Views, read_garments, view
from outfitter.learn.metric import (
    EmbedderRun,
    EmbedderTask,
    ShapeAndColour,
    load_embedder,
    resume_embedder,
    start_embedder,
)
from outfitter.learn.options import Optimiser

SMALL = EmbedderOptions(
    backbone=0,
    side=64,
    shape_dimensions=12,
    colour_dimensions=9,
    fitted_on=8,
    batch=4,
    steps=4,
    save_every=2,
    evaluate_every=100,
    weights="none",
    workers=0,
    optimiser=Optimiser(warm_up=1),
)
INK = ((200, 30, 40), (30, 60, 200), (30, 140, 60), (190, 150, 20))


def picture(path: Path, style: int, ink: tuple[int, int, int]) -> Path:
    image = Image.new("RGB", (90, 120), "white")
    pen = ImageDraw.Draw(image)
    if style == 0:
        pen.rectangle((10, 50, 80, 70), fill=ink)
    elif style == 1:
        pen.ellipse((25, 10, 65, 110), fill=ink)
    else:
        pen.polygon([(45, 5), (85, 115), (5, 115)], fill=ink)
    image.save(path)
    return path


@pytest.fixture
def garments(tmp_path: Path) -> Path:
    """A CSV of three styles in four colours; style 2 has boxes."""
    lines = ["image,group,kind,x1,y1,x2,y2"]
    for style in range(3):
        for number, ink in enumerate(INK):
            path = picture(tmp_path / f"{style}-{number}.png", style, ink)
            lines.append(f"{path.name},style {style},top,{'4,3,87,117' if style == 2 else ',,,'}")
    csv = tmp_path / "garments.csv"
    csv.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return csv


def read(csv: Path, options: EmbedderOptions = SMALL) -> Split:
    return read_garments([csv], options.model_copy(update={"val_share": 0.0}))


def test_whole_groups_are_kept_for_val(garments: Path) -> None:
    split = read_garments([garments], SMALL.model_copy(update={"val_share": 0.34}))
    train, val = ({item.group for item in items} for items in split)
    assert len(train) == 2
    assert len(val) == 1
    assert not train & val
    assert len(split.train) == 8


def test_groups_of_different_files_differ(garments: Path) -> None:
    split = read_garments([garments, garments], SMALL.model_copy(update={"val_share": 0.0}))
    assert len({item.group for item in split.train}) == 6


def test_one_group_is_too_few(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 0, INK[0])
    (tmp_path / "one.csv").write_text("image,group\na.png,x\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="1 groups of garments to learn from; need at least two"):
        read(tmp_path / "one.csv")


def test_a_batch_holds_pairs_and_depends_on_the_step_alone(garments: Path) -> None:
    items = read(garments).train
    first, again = (GarmentSamples(items, SMALL, 0, 1)[3] for _ in range(2))
    assert torch.equal(first.crops, again.crops)
    assert first.crops.shape == (4, 64, 64, 3)
    assert first.groups[0] == first.groups[1] != first.groups[2] == first.groups[3]
    assert len(set(first.names)) == 4, "a pair is two pictures where a group has two"
    shares = [GarmentSamples(items, SMALL, rank, 2)[3] for rank in (0, 1)]
    assert torch.equal(torch.cat([share.crops for share in shares]), first.crops)


def test_a_recoloured_view_keeps_the_white_around_it(garments: Path) -> None:
    item = read(garments).train[0]
    plain = view(item, 64, PLAIN, np.random.default_rng(0))
    turned = view(item, 64, Views(**{**PLAIN.model_dump(), "recolour": 1.0}), np.random.default_rng(0))
    white = (plain == 255).all(2)
    assert (turned[white] == 255).all()
    assert np.abs(turned[~white].astype(int) - plain[~white].astype(int)).max() > 60


@pytest.mark.parametrize("cached", [False, True])
def test_killed_and_resumed_equals_uninterrupted_bit_for_bit(tmp_path: Path, garments: Path, cached: bool) -> None:
    split, info = read(garments), EmbedderRun(SMALL.model_copy(update={"cached": cached}), (str(garments),))
    start_embedder(tmp_path / "whole", info, split)()
    run = start_embedder(tmp_path / "cut", info, split)

    def killed(step: int, _steps: int, _loss: float) -> None:
        if step == 3:  # after the checkpoint of step 2, with work done that is lost
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        run(killed)
    again = resume_embedder(tmp_path / "cut", split)
    assert again.step == 2
    again()
    for part in ("model", "ema", "optimiser"):
        whole, cut = (
            load_file(checkpoints.step_folder(tmp_path / name, 4) / f"{part}.safetensors") for name in ("whole", "cut")
        )
        assert [name for name in whole if not torch.equal(whole[name], cut[name])] == []
    with pytest.raises(TrainingError, match="is at step 4 already; the goal is 4"):
        resume_embedder(tmp_path / "cut", split)
    with pytest.raises(TrainingError, match="is not empty, and a run is never overwritten"):
        start_embedder(tmp_path / "cut", info, split)


def test_it_learns_that_a_style_is_one_in_every_colour(tmp_path: Path, garments: Path) -> None:
    """With the whole of a random network training, the loss on three styles falls by half."""
    options = SMALL.model_copy(
        update={
            "steps": 25, "batch": 6, "frozen": (), "views": PLAIN, "colour_share": 0.0,
            "optimiser": Optimiser(learning_rate=3e-3, backbone_factor=1.0, warm_up=1), "batch_norm": "learn",
        }
    )  # fmt: skip
    losses: list[float] = []
    start_embedder(tmp_path / "run", EmbedderRun(options, ()), read(garments))(
        lambda _step, _steps, loss: losses.append(loss)
    )
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:3])


def test_cached_features_are_those_of_the_crops(garments: Path) -> None:
    options = SMALL.model_copy(update={"cached": True, "views": PLAIN})
    task = EmbedderTask(EmbedderRun(options, ()), read(garments))
    model = task.build("none").eval()
    batch = next(task.batches(0, 0, 1))
    seen = GarmentSamples(task.garments.train, options, 0, 1)[0]
    assert batch.names == seen.names
    with torch.inference_mode():
        assert torch.allclose(model(batch.crops) * 0.6**0.5, model(seen.crops)[:, :12], atol=1e-5)


def test_features_of_a_backbone_that_learns_cannot_be_cached(garments: Path) -> None:
    options = SMALL.model_copy(update={"cached": True, "frozen": ()})
    with pytest.raises(ConfigError, match="Add 'backbone' to frozen"):
        EmbedderTask(EmbedderRun(options, ()), read(garments)).build("none")


def test_noise_is_of_its_length_and_depends_on_the_step_alone(garments: Path) -> None:
    items = read(garments).train
    features = torch.nn.functional.normalize(torch.randn(len(items), 1280, generator=torch.manual_seed(1)), dim=1)

    def batch(noise: float) -> torch.Tensor:
        options = SMALL.model_copy(update={"cached": True, "noise": noise})
        return GarmentSamples(items, options, 0, 1, features)[3].crops

    assert torch.equal(batch(1.0), batch(1.0))
    cosines = (batch(0.0) * batch(1.0)).sum(1)  # right angles: 1 / sqrt(1 + 1)
    assert cosines.numpy() == pytest.approx(0.5**0.5, abs=0.06)


def test_garments_of_their_own_are_kept_where_they_were(garments: Path) -> None:
    """Away from the beginning the cosines among them cost, those of a pair in one style do not."""
    items = read(garments).train
    mixed = [*items[:4], *(replace(item, group=f"alone {number}") for number, item in enumerate(items[4:]))]
    options = SMALL.model_copy(update={"cached": True, "views": PLAIN, "keep": 7.0, "batch": 12})
    task = EmbedderTask(EmbedderRun(options, ()), Split(mixed, []))
    model = task.build("none").eval()
    assert isinstance(model, ShapeAndColour)
    batch = next(task.batches(0, 0, 1))
    assert batch.alone.any()
    assert torch.allclose(model(batch.crops), model.shape_at_first(batch.crops), atol=1e-5)
    assert task.losses(model, batch, torch.device("cpu"))["keep"].item() == pytest.approx(0, abs=1e-8)
    with torch.no_grad():
        model.head.weight[: len(model.head.weight) // 2] *= 3
    held, before = model(batch.crops)[batch.alone], model.shape_at_first(batch.crops[batch.alone])
    wanted = 7 * ((held @ held.T) - (before @ before.T)).pow(2).mean().item()
    assert task.losses(model, batch, torch.device("cpu"))["keep"].item() == pytest.approx(wanted) != 0


def test_noise_and_keep_need_cached_features(garments: Path) -> None:
    with pytest.raises(ConfigError, match="Set cached, or leave them out"):
        EmbedderTask(EmbedderRun(SMALL.model_copy(update={"keep": 1.0}), ()), read(garments)).build("none")


def test_so_many_garments_of_a_data_set(tmp_path: Path) -> None:
    for number in range(9):
        picture(tmp_path / f"{number}.png", number % 3, INK[number % 4])
    boxes = [f"{number}.png,20,10,70,110,style{number % 3}" for number in range(9)]
    (tmp_path / "boxes.csv").write_text("image,x1,y1,x2,y2,label\n" + "\n".join(boxes) + "\n", encoding="utf-8")
    made = tmp_path / "data"
    prepare = ["datasets", "prepare", str(tmp_path / "boxes.csv"), "--format", "csv", "--val", "0.3", "--block", "1"]
    assert cli([*prepare, "--out", str(made)]) == 0
    whole = read_garments([made], SMALL)
    some = read_garments([made], SMALL.model_copy(update={"of_data_set": 3}))
    assert len(whole.train) > 3
    assert len(some.train) == 3
    assert {item.group for item in some.train} < {item.group for item in whole.train}


def test_the_parts_of_a_vector_are_told_apart_and_weighted(garments: Path) -> None:
    split = read(garments)
    model = EmbedderTask(EmbedderRun(SMALL, ()), split).build("none").eval()
    reds = torch.from_numpy(np.stack([view(item, 64, PLAIN, np.random.default_rng(0)) for item in split.train[:2]]))
    with torch.inference_mode():
        vectors = model(reds)
    assert vectors.shape == (2, 21)
    assert torch.allclose(vectors[:, :12].norm(dim=1) ** 2, torch.tensor(0.6), atol=1e-5)
    assert torch.allclose(vectors[:, 12:].norm(dim=1) ** 2, torch.tensor(0.4), atol=1e-5)


def test_the_network_may_see_the_crop_in_grey_too(garments: Path) -> None:
    options = SMALL.model_copy(update={"grey_side": 32, "colour_share_in_photo": 0.6})
    model = EmbedderTask(EmbedderRun(options, ()), read(garments)).build("none").eval()
    assert isinstance(model, ShapeAndColour)
    red = np.full((1, 64, 64, 3), 255, np.uint8)
    red[:, 16:48, 16:48] = (200, 30, 40)
    luma = np.rint(red @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    grey = np.repeat(luma[..., None], 3, -1)
    with torch.inference_mode():
        seen, same = (model.features(torch.from_numpy(pixels)) for pixels in (red, grey))
    width = seen.shape[1] // 2
    assert torch.allclose(seen.norm(dim=1), torch.ones(1), atol=1e-5)
    assert torch.allclose(seen[:, width:], same[:, width:], atol=1e-2), "the second half knows no colour"
    assert not torch.allclose(seen[:, :width], same[:, :width], atol=1e-2)
    assert model.head.in_features == 2 * width
    assert model.parts_in_photo == {"shape": 0.4, "colour": 0.6}


def test_more_dimensions_than_there_are_is_an_error() -> None:
    with pytest.raises(ConfigError, match="shape_dimensions: 4000 is more than the 1280"):
        EmbedderTask(
            EmbedderRun(SMALL.model_copy(update={"shape_dimensions": 4000}), ()), Split([], []), fresh=False
        ).build("none")


def test_val_judges_pairs_and_garments_of_their_own(garments: Path) -> None:
    items = read(garments).train
    alone = [replace(item, group=f"alone {number}") for number, item in enumerate(items[:2])]
    task = EmbedderTask(EmbedderRun(SMALL, ()), Split(items, [*items[4:8], *alone]))
    row = task.evaluate(task.build("none").eval(), 0, None)  # type: ignore[arg-type]
    assert row is not None
    assert set(row) >= {"Recall@1", "Recall@5", "mAP@R"}
    assert 0 <= row["Recall@1"] <= 1


def test_train_resume_and_export_by_command(tmp_path: Path, garments: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(
        json.dumps({**SMALL.model_dump(mode="json", exclude_none=True), "val_share": 0.34}), encoding="utf-8"
    )
    made = str(tmp_path / "run")
    assert cli(["train-embedder", str(garments), "--config", str(config), "--steps", "2", "--out", made]) == 0
    assert cli(["train-embedder", "--resume", made, "--steps", "3"]) == 0
    row = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert row["step"] == 3
    model, info = load_embedder(Path(made))
    assert info.options.steps == 3
    assert model.parts == {"shape": 12, "colour": 9}
    model_folder = tmp_path / "model"
    assert cli(["export", made, "--on", str(garments), "--out", str(model_folder)]) == 0
    manifest = read_manifest(model_folder, "embedder")
    assert manifest.parts == {"shape": 12, "colour": 9}
    assert manifest.dimensions == 21
    assert manifest.metrics["parity"]["least_cosine"] >= 0.999
    capsys.readouterr()
    assert cli(["export", made, "--on", str(garments), "--out", str(tmp_path / "m8"), "--precision", "int8"]) == 2
    assert "an embedder is exported with --precision fp16" in capsys.readouterr().err
    assert cli(["train-embedder", "--resume", made, "--config", str(config)]) == 2
    assert "--resume takes its options from the run" in capsys.readouterr().err
    assert cli(["train-embedder", "--out", made]) == 2
    assert "need DATA and --out RUN" in capsys.readouterr().err


def test_an_unknown_option_suggests_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("colour_dimension: 3\n", encoding="utf-8")
    assert cli(["train-embedder", "--config", str(tmp_path / "c.yaml"), "--print-config"]) == 2
    assert "did you mean 'colour_dimensions'" in capsys.readouterr().err


def test_a_detectors_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    assert cli(["train-embedder", "--resume", str(tmp_path)]) == 2
    assert "is not an embedder's run" in capsys.readouterr().err
