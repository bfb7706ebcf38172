from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file

from outfitter.artifact import SHIPPED, DetectorInput, read_manifest
from outfitter.cli import run as cli
from outfitter.errors import ConfigError, TrainingError
from outfitter.learn import checkpoint as checkpoints
from outfitter.learn.garments import EmbedderOptions
from outfitter.learn.options import Optimiser, TrainOptions, train_options
from outfitter.learn.preflight import overfit
from outfitter.learn.reopen import reopen
from outfitter.learn.train import DetectorTask, RunInfo, load_trained, read_run, resume, start
from outfitter.photo import load_photo
from outfitter.values import Annotations, Example
from tests.learn.conftest import draw

Rectangles = Callable[[int], list[Example]]
NAMES = ("top", "bottom")
SMALL = TrainOptions(
    steps=4,
    batch=2,
    input=DetectorInput(area=96 * 128, multiple_of=32),
    workers=0,
    save_every=2,
    evaluate_every=100,
    optimiser=Optimiser(warm_up=2),
)
INFO = RunInfo(SMALL, NAMES, "rectangles")


def weights(run: Path, step: int) -> dict[str, dict[str, torch.Tensor]]:
    folder = checkpoints.step_folder(run, step)
    return {file.stem: load_file(file) for file in folder.glob("*.safetensors")}


def assert_equal(a: Path, b: Path, step: int) -> None:
    first, second = weights(a, step), weights(b, step)
    assert set(first) == {"model", "ema", "optimiser"} == set(second)
    for part in first:
        different = [name for name, tensor in first[part].items() if not torch.equal(tensor, second[part][name])]
        assert not different, f"{part} differs in {different[:3]}"


def test_a_run_leaves_what_it_promises(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(4)
    seen: list[tuple[int, int]] = []
    row = start(tmp_path / "run", INFO, examples, examples[:2])(lambda step, steps, _loss: seen.append((step, steps)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert row["step"] == 4
    assert json.loads((tmp_path / "run/metrics.jsonl").read_text())["step"] == 4
    assert "loss_classifier" in (tmp_path / "run/train.log").read_text()
    detector, info = load_trained(tmp_path / "run")
    assert info == read_run(tmp_path / "run") == INFO
    detector(load_photo(examples[0].image))


def test_extending_a_run_equals_having_asked_for_more(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(5)
    constant = SMALL.model_copy(update={"optimiser": Optimiser(warm_up=0, schedule="steps")})
    longer = constant.model_copy(update={"steps": 6})
    start(tmp_path / "whole", RunInfo(longer, NAMES, "x"), examples, ())()
    start(tmp_path / "parts", RunInfo(constant, NAMES, "x"), examples, ())()
    resume(tmp_path / "parts", examples, (), steps=6)()
    assert_equal(tmp_path / "whole", tmp_path / "parts", 6)


KILLED = """
import sys
from pathlib import Path
from tests.learn.conftest import draw
from tests.learn.test_train import INFO, NAMES, SMALL
from outfitter.learn.train import RunInfo, resume, start
folder, run = Path(sys.argv[1]), Path(sys.argv[2])
examples = [draw(folder, n) for n in range(4)]
info = RunInfo(SMALL.model_copy(update={"steps": 8, "workers": 1}), NAMES, "x")
(resume(run, examples, ()) if run.exists() else start(run, info, examples, ()))()
"""


@pytest.mark.slow
def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()

    def launch(run: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", KILLED, str(tmp_path / "photos"), str(tmp_path / run)]
        return subprocess.Popen(command, start_new_session=True)

    assert launch("whole").wait() == 0
    for reached in (2, 4):
        process = launch("killed")
        goal = checkpoints.step_folder(tmp_path / "killed", reached) / checkpoints.STATE_FILE
        while not goal.is_file():
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert launch("killed").wait() == 0
    assert_equal(tmp_path / "whole", tmp_path / "killed", 8)


def test_a_compiled_model_is_saved_under_its_own_names(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    compiled = RunInfo(SMALL.model_copy(update={"compile": True, "steps": 2}), NAMES, "x")
    with torch.compiler.set_stance("force_eager"):  # wrapped as ever, without the minutes in a compiler
        row = start(tmp_path / "run", compiled, examples, examples)()
        resume(tmp_path / "run", examples, (), steps=3)()
    assert row["step"] == 2
    assert load_trained(tmp_path / "run")[1].options.steps == 3


def test_what_is_averaged_goes_where_the_model_is(
    tmp_path: Path, rectangles: Rectangles, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(tmp_path / "run", INFO, rectangles(2), ())
    run.save()
    found = checkpoints.load(checkpoints.step_folder(tmp_path / "run", 0))
    monkeypatch.setattr("accelerate.Accelerator.device", torch.device("meta"))
    run.restore(found)
    assert run.ema is not None
    assert {tensor.device.type for tensor in run.ema.values()} == {"meta"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_run_on_a_gpu_goes_on(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "run", INFO, examples, ())()
    again = resume(tmp_path / "run", examples, (), steps=6)
    assert again.accelerator.device.type == "cuda"
    again()
    assert again.step == 6


def test_a_batch_is_shared_evenly(tmp_path: Path, rectangles: Rectangles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelerate.Accelerator.num_processes", 3)
    with pytest.raises(
        ConfigError, match=r"batch: 2 is shared by 3 processes.* Take a multiple of 3, or another number"
    ):
        start(tmp_path / "run", INFO, rectangles(2), ())


@pytest.mark.parametrize(("weights_of_run", "momentum"), [(None, 0.03), ("none", 0.1)])
def test_statistics_move_as_fast_when_a_run_goes_on(weights_of_run: str | None, momentum: float) -> None:
    options = train_options({"model": "ssdlite320_mobilenet_v3", "weights": weights_of_run}, "x")
    resumed = DetectorTask(RunInfo(options, NAMES, "x"), (), ()).build("none")
    assert {layer.momentum for layer in resumed.modules() if isinstance(layer, torch.nn.BatchNorm2d)} == {momentum}


def test_a_run_is_never_overwritten(tmp_path: Path, rectangles: Rectangles) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/notes.txt").write_text("mine")
    with pytest.raises(TrainingError, match="never overwritten.*--resume"):
        start(tmp_path / "run", INFO, rectangles(1), ())


def test_steps_already_reached_are_refused(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "run", INFO, examples, ())()
    with pytest.raises(TrainingError, match=r"at step 4 already; the goal is 3.*--steps 8"):
        resume(tmp_path / "run", examples, (), steps=3)


def test_nothing_to_train_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="train split is empty"):
        start(tmp_path / "run", INFO, (), ())


def test_a_loss_that_is_not_finite_names_the_photos(tmp_path: Path, rectangles: Rectangles) -> None:
    run = start(tmp_path / "run", INFO, rectangles(2), ())
    with torch.no_grad():
        next(iter(run.model.parameters())).fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"not finite at step 0: .*loss_.*photos 0[01], 0[01]"):
        run()


def test_a_run_can_start_from_another_of_the_same_classes(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "first", INFO, examples, ())()
    second = start(tmp_path / "second", INFO, examples, (), init=tmp_path / "first")
    kept = load_trained(tmp_path / "first")[0].model.state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in second.model.state_dict().items())


def test_another_class_list_gets_a_classifier_of_its_own(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "first", INFO, examples, ())()
    kept = load_trained(tmp_path / "first")[0].model.state_dict()
    renamed = [replace(e, annotations=replace(e.annotations, labels=("top", "long"))) for e in examples]
    run = start(tmp_path / "second", RunInfo(SMALL, ("top", "long"), "x"), renamed, (), init=tmp_path / "first")
    differs = {name for name, value in run.model.state_dict().items() if not torch.equal(value, kept[name])}
    assert differs == {
        f"roi_heads.box_predictor.{layer}.{part}"
        for layer in ("cls_score", "bbox_pred", "quality.2")
        for part in ("weight", "bias")
    }
    (note,) = [note for note in run.notes if "starts from" in note]
    assert "which finds top, bottom; made anew for top, long: roi_heads.box_predictor.bbox_pred.bias" in note


def test_another_architecture_is_refused(tmp_path: Path, rectangles: Rectangles) -> None:
    start(tmp_path / "first", INFO, rectangles(2), ())()
    info = RunInfo(train_options({"model": "ssdlite320_mobilenet_v3"}, "x"), NAMES, "x")
    with pytest.raises(TrainingError, match="another architecture, faster_rcnn_lite; this run trains ssdlite320"):
        start(tmp_path / "second", info, [draw(tmp_path, 0)], (), init=tmp_path / "first")
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("split", [0, 1])
def test_a_missing_photo_is_told_before_anything_is_learnt(tmp_path: Path, rectangles: Rectangles, split: int) -> None:
    examples = rectangles(4)
    splits = (examples[:2], examples[2:])
    lost = splits[split][1].image
    kept = lost.rename(tmp_path / "kept.png")
    message = rf"1 of 4 photos are missing, such as .*{lost.name}\. Copy them"
    with pytest.raises(TrainingError, match=message):
        start(tmp_path / "run", INFO, *splits)
    assert not (tmp_path / "run").exists()
    kept.rename(lost)
    start(tmp_path / "run", INFO, *splits)
    lost.unlink()
    with pytest.raises(TrainingError, match=message):
        resume(tmp_path / "run", *splits)


def test_a_class_without_boxes(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    names = (*NAMES, "long")
    with pytest.raises(TrainingError, match=r"no photo of train has a box of long.*remap.*empty_classes: allow"):
        start(tmp_path / "run", RunInfo(SMALL, names, "x"), examples, ())
    allowed = SMALL.model_copy(update={"empty_classes": "allow"})
    run = start(tmp_path / "run", RunInfo(allowed, names, "x"), examples, examples)
    assert "no photo of train has a box of long" in run.notes
    assert "no photo of val has a box of long, so AP says nothing of it" in run.notes


@pytest.mark.parametrize("crowd", [False, True])
def test_a_val_without_boxes_judges_nothing(tmp_path: Path, rectangles: Rectangles, crowd: bool) -> None:
    examples = rectangles(2)
    known = examples[0].annotations
    nothing = replace(known, crowd=np.ones(2, bool)) if crowd else Annotations(known.boxes_xyxy[:0], (), known.size_wh)
    run = start(tmp_path / "run", INFO, examples, [replace(examples[0], annotations=nothing)])
    assert any(note.startswith("val has no box to judge by") for note in run.notes)
    assert run() == {}
    assert load_trained(tmp_path / "run")[1] == INFO


def test_a_run_that_gave_up_goes_on_if_asked(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    hopeless = {"steps": 30, "patience": 1, "evaluate_every": 2, "optimiser": Optimiser(learning_rate=1e-9)}
    run = start(tmp_path / "run", RunInfo(SMALL.model_copy(update=hopeless), NAMES, "x"), examples, examples)
    run()
    assert run.step == 4
    again = resume(tmp_path / "run", examples, examples, steps=40)
    again()
    assert again.step == 6


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    for text in ("{}", "[]", '{"kind": "embedder", "options": {}, "data": []}'):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(TrainingError, match="is no detector's run.*train-embedder --resume"):
            read_run(tmp_path)


def test_every_option_is_printed_and_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb, options in (("train", TrainOptions), ("train-embedder", EmbedderOptions)):
        assert cli([verb, "--print-config"]) == 0
        printed = capsys.readouterr().out
        assert yaml.safe_load(printed).keys() == options.model_fields.keys()
        (tmp_path / "options.yaml").write_text(printed)
        assert cli([verb, "--print-config", "--config", str(tmp_path / "options.yaml")]) == 0
        assert capsys.readouterr().out == printed
    (tmp_path / "options.yaml").write_bytes("# für alle\nsteps: 3\n".encode("latin-1"))
    assert cli(["train", "--print-config", "--config", str(tmp_path / "options.yaml")]) == 2
    assert "options.yaml: cannot be read" in capsys.readouterr().err


def test_two_processes_cannot_train_the_same_run(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "run", INFO, examples, ())()
    again = resume(tmp_path / "run", examples, (), steps=6)
    with (tmp_path / "run" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TrainingError, match="another process is training this run"):
            again()
        with pytest.raises(TrainingError, match="another process is training this run"):
            resume(tmp_path / "run", examples, (), steps=8)
    assert read_run(tmp_path / "run").options.steps == 6, "who may not train it does not move its goal"
    again()
    assert again.step == 6


def test_tensorboard_has_losses_scores_and_photos(tmp_path: Path, rectangles: Rectangles) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    examples = rectangles(3)
    start(tmp_path / "run", INFO, examples, examples[:2])()
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"), size_guidance={"images": 0})
    events.Reload()
    assert {"train/loss_classifier", "train/learning_rate", "val/AP", "val/per_class_AP50/top"} <= set(
        events.Tags()["scalars"]
    )
    assert events.Scalars("train/learning_rate")[-1].step == 4
    picture = events.Images(f"photos/{examples[0].name}")[0]
    assert picture.width > 300
    with Image.open(tmp_path / "run" / "samples.png") as sheet:
        assert sheet.size[0] > 300


def test_preflight_learns_eight_photos_or_says_so(rectangles: Rectangles) -> None:
    examples = rectangles(3)
    good = SMALL.model_copy(update={"optimiser": Optimiser(learning_rate=1e-3, backbone_factor=1.0), "batch": 2})
    assert overfit(RunInfo(good, NAMES, "x"), examples, steps=40) > 0.5
    hopeless = SMALL.model_copy(update={"optimiser": Optimiser(learning_rate=1e-9)})
    with pytest.raises(TrainingError, match=r"preflight: after 2 steps on eight photos AP50 .* is 0\.\d\d"):
        overfit(RunInfo(hopeless, NAMES, "x"), examples, steps=2)


def test_preflight_starts_where_the_run_will(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "run", INFO, examples, ())()
    other = RunInfo(train_options({"model": "ssdlite320_mobilenet_v3", "weights": "none"}, "x"), NAMES, "x")
    with pytest.raises(TrainingError, match="holds weights of another architecture"):
        overfit(other, examples, steps=2, init=tmp_path / "run")
    assert cli(["train", "--resume", str(tmp_path / "run"), "--preflight"]) == 2


def test_a_run_can_start_from_a_model_folder(tmp_path: Path, rectangles: Rectangles) -> None:
    folder = SHIPPED / "detector"
    names = read_manifest(folder, "detector").class_names
    allowed = SMALL.model_copy(update={"empty_classes": "allow"})
    run = start(tmp_path / "run", RunInfo(allowed, names, "x"), rectangles(2), (), init=folder)
    kept = reopen(folder, run.model)
    assert all(torch.equal(value, kept[name]) for name, value in run.model.state_dict().items())
    other = start(tmp_path / "other", INFO, [draw(tmp_path, 0)], (), init=folder)
    body = "backbone.body.conv_stem.weight"
    assert torch.equal(other.model.state_dict()[body], kept[body])
    assert "which finds top, bottom, long" in other.notes[-1]


def test_frozen_parameters_keep_their_values(tmp_path: Path, rectangles: Rectangles) -> None:
    frozen = SMALL.model_copy(update={"frozen": ("backbone.body.conv_stem", "backbone.body.blocks.0")})
    run = start(tmp_path / "run", RunInfo(frozen, NAMES, "x"), rectangles(2), ())
    before = checkpoints.copy_of(run.model.state_dict())
    run()
    moved = {name for name, value in run.model.state_dict().items() if not torch.equal(value, before[name])}
    assert "backbone.body.blocks.1.0.conv_pw.weight" in moved
    assert not [name for name in moved if name.startswith(frozen.frozen)]
    wrong = SMALL.model_copy(update={"frozen": ("backbone.body.conv_sten",)})
    with pytest.raises(ConfigError, match="no parameter begins with .*; did you mean 'backbone.body.conv_stem'"):
        start(tmp_path / "wrong", RunInfo(wrong, NAMES, "x"), [draw(tmp_path, 0)], ())


def test_a_second_stage_may_learn_from_fewer_proposals(tmp_path: Path, rectangles: Rectangles) -> None:
    fewer = RunInfo(SMALL.model_copy(update={"second_stage": 24, "second_stage_positives": 0.5}), NAMES, "x")
    run = start(tmp_path / "run", fewer, rectangles(2), ())
    heads: Any = run.model.roi_heads
    assert (heads.fg_bg_sampler.batch_size_per_image, heads.fg_bg_sampler.positive_fraction) == (24, 0.5)
    single = train_options({"model": "ssdlite320_mobilenet_v3", "weights": "none", "second_stage": 24}, "x")
    with pytest.raises(ConfigError, match="second_stage: ssdlite320_mobilenet_v3 has one stage only. Leave it out"):
        start(tmp_path / "other", RunInfo(single, NAMES, "x"), rectangles(2), ())


def test_half_precision_leaves_weights_and_depthwise_convolutions_single(
    tmp_path: Path, rectangles: Rectangles
) -> None:
    half = SMALL.model_copy(update={"precision": "bf16"})
    run = start(tmp_path / "run", RunInfo(half, NAMES, "x"), rectangles(2), ())
    seen: dict[str, torch.dtype] = {}
    model: Any = run.model
    for name in ("conv_dw", "conv_pw"):
        getattr(model.backbone.body.blocks[3][0], name).register_forward_hook(
            lambda *given, name=name: seen.update({name: given[2].dtype})
        )
    before = checkpoints.copy_of(run.model.state_dict())
    run()
    assert seen == {"conv_dw": torch.float32, "conv_pw": torch.bfloat16}
    after = run.model.state_dict()
    assert {tensor.dtype for tensor in after.values() if tensor.is_floating_point()} == {torch.float32}
    assert not torch.equal(after["rpn.head.cls_logits.weight"], before["rpn.head.cls_logits.weight"])
