"""The original's five steps on Valohai: the file is valid, and each step's command runs on what the one before left."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
import valohai_yaml
from valohai_yaml.lint import lint_file

from tests.cli.conftest import Outfitter, outfitter
from tests.datasets.sources import write_photo, write_text

__all__ = ["outfitter"]

ROOT = Path(__file__).parents[1]
STEPS = ["Dataset preparation", "Train model", "Resume training", "Evaluate model", "Worker environment check"]
SMALL: dict[str, dict[str, Any]] = {
    "Train model": {"model": "ssdlite320_mobilenet_v3", "weights": "none", "steps": 1},
    "Resume training": {"steps": 2},
}


@pytest.fixture(scope="module")
def config() -> Any:
    with (ROOT / "valohai.yaml").open(encoding="utf-8") as file:
        return valohai_yaml.parse(file, validate=True)


def deepfashion(root: Path) -> None:
    """Twelve photos of 150 × 230, a garment of each of the three types in turn, in all three splits."""
    types = {"Blouse": 1, "Jeans": 2, "Dress": 3}
    rows = [
        (f"img/A/img_{n:08d}.jpg", list(types)[n % 3], ("train", "train", "val", "test")[n // 3]) for n in range(12)
    ]
    for number, (name, _, _) in enumerate(rows):
        write_photo(root / "Img" / name, (150, 230), seed=number)
    names = list(types)
    files = {
        "Anno/list_category_cloth.txt": ("category_name category_type", [f"{n} {t}" for n, t in types.items()]),
        "Anno/list_category_img.txt": ("image_name category_label", [f"{n} {names.index(c) + 1}" for n, c, _ in rows]),
        "Anno/list_bbox.txt": ("image_name x_1 y_1 x_2 y_2", [f"{n} 020 030 120 190" for n, _, _ in rows]),
        "Eval/list_eval_partition.txt": ("image_name evaluation_status", [f"{n} {split}" for n, _, split in rows]),
    }
    for file, (header, lines) in files.items():
        write_text(root / file, "\n".join([str(len(lines)), header, *lines, ""]))


def test_the_steps_and_the_pipeline(config: Any) -> None:
    assert list(config.steps) == STEPS
    (pipeline,) = config.pipelines.values()
    linted = lint_file(str(ROOT / "valohai.yaml"))
    assert not list(linted.errors)
    assert not list(linted.warnings)
    for edge in pipeline.edges:
        written = edge.source_key.partition("/")[0]
        step = config.steps[next(node.step for node in pipeline.nodes if node.name == edge.source_node)]
        assert f"/valohai/outputs/{written}" in " ".join(step.command)
        target = config.steps[next(node.step for node in pipeline.nodes if node.name == edge.target_node)]
        assert edge.target_key in target.inputs
        assert f"/valohai/inputs/{edge.target_key}" in " ".join(target.command)


@pytest.mark.slow
def test_every_step_runs_on_what_the_one_before_left(config: Any, outfitter: Outfitter, tmp_path: Path) -> None:
    inputs, outputs = tmp_path / "inputs", tmp_path / "outputs"
    inputs.mkdir()
    deepfashion(inputs / "source")
    for name in STEPS:
        values = {key: p.default for key, p in config.steps[name].parameters.items() if p.default is not None}
        install, command = config.steps[name].build_command({**values, **SMALL.get(name, {})})
        assert install.startswith("pip install")
        words = shlex.split(command.replace("/valohai/inputs", str(inputs)).replace("/valohai/outputs", str(outputs)))
        assert words[0] == "outfitter"
        done = outfitter(*words[1:])
        assert done.code == 0, f"{command}: {done.err}"
        for made in outputs.glob("*"):  # a platform hands a step's outputs on, read-only to what comes next
            shutil.rmtree(inputs / made.name, ignore_errors=True)
            made.rename(inputs / made.name)
    assert json.loads((inputs / "run" / "run.json").read_text())["options"]["steps"] == 2
    with zipfile.ZipFile(inputs / "evaluation" / "eval_val.zip") as packed:
        assert packed.testzip() is None


def test_the_dockerfile_is_clean_and_names_what_exists() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert not done.stdout
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            assert all((ROOT / part).exists() for part in line.split()[1:-1])
    assert "libgomp1" in (ROOT / "Dockerfile").read_text()  # of implicit, which brings none along
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert {"pyproject.toml", "src", "requirements"} <= set(kept)
    assert sys.version_info >= (3, 11)
