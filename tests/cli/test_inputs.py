from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from outfitter.cli.inputs import Input, Names, expand, in_order, new_folder
from outfitter.errors import ConfigError, PhotoError


def test_results_come_in_the_order_of_the_inputs_and_work_runs_at_once() -> None:
    meeting = threading.Barrier(2, timeout=20)

    def work(one: Input) -> str:
        if one.name in ("0", "1"):
            meeting.wait()  # only passes if both are at work at the same time
        if one.name == "2":
            raise PhotoError("two is bad")
        time.sleep(0.02 * (5 - int(one.name)))
        return one.name

    inputs = [Input(str(number), "") for number in range(6)]
    results = [(one.name, str(result)) for one, result in in_order(work, inputs, 2)]
    assert results == [("0", "0"), ("1", "1"), ("2", "two is bad"), ("3", "3"), ("4", "4"), ("5", "5")]


def test_bugs_are_not_taken_for_bad_photos() -> None:
    def work(_: Input) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(in_order(work, [Input("a", "")], 2))


def test_no_more_is_read_ahead_than_needed() -> None:
    started: list[str] = []

    def work(one: Input) -> int:
        started.append(one.name)
        return 0

    results = in_order(work, (Input(str(number), "") for number in range(1000)), 2)
    next(results)
    assert len(started) <= 6
    results.close()  # type: ignore[attr-defined]


def test_names_on_the_command_line(photos: Path, tmp_path: Path) -> None:
    found = expand(["https://example.com/a.jpg", str(photos), str(tmp_path), "gone.jpg"])
    assert [one.name.removeprefix(f"{photos}/") for one in found] == [
        "https://example.com/a.jpg",
        "both.jpg",
        "plain.png",
        "red.png",
        "sub/red.png",
        str(tmp_path),
        "gone.jpg",
    ]
    with pytest.raises(PhotoError, match="holds no pictures"):
        found[5].load()


def test_file_names_that_do_not_collide() -> None:
    names = Names()
    given = ["a/x.jpg", "b/x.png", "x-2.jpg", "x.gif", "-", "https://shop.example/y.jpg?w=3", "https://shop.example/"]
    assert [names.stem(name) for name in given] == ["x", "x-2", "x-2-2", "x-3", "stdin", "y", "shop"]


def test_output_folders_are_never_overwritten(tmp_path: Path) -> None:
    assert new_folder(tmp_path / "new" / "deep", "--draw").is_dir()
    (tmp_path / "new" / "deep" / "file").write_text("x")
    with pytest.raises(ConfigError, match=r"--draw .*deep: is not empty"):
        new_folder(tmp_path / "new" / "deep", "--draw")
    with pytest.raises(ConfigError, match="is not empty"):
        new_folder(tmp_path / "new" / "deep" / "file", "--draw")
