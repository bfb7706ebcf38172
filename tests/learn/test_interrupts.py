"""Ctrl-C at any moment, and a run that was stopped before it had a checkpoint: what goes on is the same run."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from outfitter.learn import train
from outfitter.learn.interrupts import stop_asked
from outfitter.learn.train import RunInfo, resume, start
from outfitter.photo import load_photo
from outfitter.values import Photo
from tests.learn.test_train import INFO, NAMES, SMALL, Rectangles, assert_equal

JUDGED = RunInfo(SMALL.model_copy(update={"steps": 6, "save_every": 100, "evaluate_every": 3}), NAMES, "x")


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def at(wanted: int, *keys: Callable[[], None]) -> Callable[[int, int, float], None]:
    def progress(step: int, _steps: int, _loss: float) -> None:
        for key in keys if step == wanted else ():
            key()

    return progress


def judged_at(run: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("step", [2, 3])
def test_the_step_is_ended_and_judged_and_saved(tmp_path: Path, rectangles: Rectangles, step: int) -> None:
    examples = rectangles(4)
    start(tmp_path / "whole", JUDGED, examples, examples)()
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "parts", JUDGED, examples, examples)(at(step, press))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert [folder.name for folder in (tmp_path / "parts/checkpoints").iterdir()] == [f"step-{step:08d}"]
    assert (
        f"interrupted at step {step}; go on with 'outfitter train --resume"
        in (tmp_path / "parts/train.log").read_text()
    )
    resume(tmp_path / "parts", examples, examples)()
    assert_equal(tmp_path / "whole", tmp_path / "parts", 6)
    assert judged_at(tmp_path / "parts") == judged_at(tmp_path / "whole") == [3, 6]


@pytest.mark.usefixtures("ctrl_c")
def test_in_an_evaluation_the_averaged_weights_do_not_stay(
    tmp_path: Path, rectangles: Rectangles, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = rectangles(4)
    start(tmp_path / "whole", JUDGED, examples, examples)()
    run = start(tmp_path / "parts", JUDGED, examples, examples)

    def interrupted(path: Path) -> Photo:
        monkeypatch.setattr(train, "load_photo", load_photo)
        press()
        return load_photo(path)

    monkeypatch.setattr(train, "load_photo", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run()
    resume(tmp_path / "parts", examples, examples)()
    assert_equal(tmp_path / "whole", tmp_path / "parts", 6)
    assert judged_at(tmp_path / "parts") == [3, 6]


@pytest.mark.usefixtures("ctrl_c")
def test_pressed_twice_it_stops_at_once(
    tmp_path: Path, rectangles: Rectangles, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "run", JUDGED, rectangles(2), ())(at(2, press, press))
    assert not (tmp_path / "run/checkpoints").exists()
    assert "stopping after this step; Ctrl-C again stops at once" in capfd.readouterr().err


@pytest.mark.usefixtures("ctrl_c")
def test_what_runs_in_the_background_does_not_hear_it() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stop_asked(quiet=True) as stopping:
        press()
        assert not stopping()


def test_what_it_began_with_is_kept(tmp_path: Path, rectangles: Rectangles) -> None:
    """Killed before the first step, it goes on from `init`, and not from the architecture's own weights."""
    examples = rectangles(4)
    start(tmp_path / "first", INFO, examples, ())()
    start(tmp_path / "whole", JUDGED, examples, (), init=tmp_path / "first")()
    start(tmp_path / "killed", JUDGED, examples, (), init=tmp_path / "first")
    resume(tmp_path / "killed", examples, ())()
    assert_equal(tmp_path / "whole", tmp_path / "killed", 6)


def test_the_first_checkpoint_goes_when_others_come(tmp_path: Path, rectangles: Rectangles) -> None:
    examples = rectangles(2)
    start(tmp_path / "first", INFO, examples, ())()
    often = RunInfo(SMALL.model_copy(update={"save_every": 1, "keep_every": 2}), NAMES, "x")
    start(tmp_path / "run", often, examples, (), init=tmp_path / "first")()
    kept = sorted(int(folder.name.removeprefix("step-")) for folder in (tmp_path / "run/checkpoints").iterdir())
    assert kept == [2, 3, 4]
