"""Registries and options: duplicates, misses and unknown keys say what would have been right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import Field, ValidationError

from outfitter.config import Options, parse
from outfitter.errors import ConfigError
from outfitter.registry import Registry


def test_registry() -> None:
    formats = Registry[Callable[[int], int]]("dataset format")

    @formats.register("yolo")
    def double(value: int) -> int:
        return 2 * value

    formats.register("coco")(abs)
    assert formats["yolo"](21) == double(21) == 42
    assert list(formats) == ["coco", "yolo"]
    with pytest.raises(
        ConfigError, match=r"unknown dataset format 'yollo'; choose from coco, yolo; did you mean 'yolo'\?"
    ):
        formats["yollo"]
    with pytest.raises(ValueError, match="dataset format 'yolo' is registered twice"):
        formats.register("yolo")(abs)
    assert formats["yolo"] is double


class Schedule(Options):
    steps: int = Field(10, gt=0)
    rate: float = 0.1


class Training(Options):
    epochs: int
    schedule: Schedule = Schedule()
    warm_up: Schedule | None = None
    phases: tuple[Schedule, ...] = ()


def test_good_options() -> None:
    options = parse(Training, {"epochs": 3, "schedule": {"steps": 7}}, "train.yaml")
    assert options == Training(epochs=3, schedule=Schedule(steps=7, rate=0.1))
    with pytest.raises(ValidationError, match="frozen"):
        options.epochs = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"epochs": 1, "epoch": 2},
            r"unknown key 'epoch'; known keys are epochs, phases, schedule, warm_up; did you mean 'epochs'\?",
        ),
        ({"epochs": 1, "colour": 2}, r"unknown key 'colour'; known keys are epochs, phases, schedule, warm_up$"),
        ({"epochs": "many"}, r"epochs is 'many': .+integer"),
        ({"epochs": 1, "schedule": {"steps": 0}}, r"schedule\.steps is 0: .+greater than 0"),
        ({}, r"lacks 'epochs', which has no default"),
        (
            {"epochs": 1, "schedule": {"stepps": 5}},
            r"unknown key 'schedule\.stepps'; known keys are rate, steps; did you mean 'steps'\?",
        ),
        (
            {"epochs": 1, "warm_up": {"rat": 0.5}},
            r"unknown key 'warm_up\.rat'; known keys are rate, steps; did you mean 'rate'\?",
        ),
        (
            {"epochs": 1, "phases": [{}, {"step": 2}]},
            r"unknown key 'phases\.1\.step'; known keys are rate, steps; did you mean 'steps'\?",
        ),
        ({"epoks": 1}, r"unknown key 'epoks'"),
    ],
)
def test_bad_options(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^train\.yaml: {message}"):
        parse(Training, values, "train.yaml")
