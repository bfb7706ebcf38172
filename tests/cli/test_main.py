"""What holds for every verb: exit codes, messages, and what is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from outfitter import cli
from tests.cli.conftest import Outfitter


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


def test_help_names_every_verb_and_loads_none() -> None:
    done = python(
        "import sys\nfrom outfitter import cli\ncode = cli.run(['--help'])\n"
        "heavy = {'torch', 'lancedb', 'onnxruntime', 'numpy', 'PIL'} & set(sys.modules)\n"
        "verbs = {name for name in sys.modules if name.startswith('outfitter.cli.')}\n"
        "sys.exit(f'{code} {heavy} {verbs}' if code or heavy or verbs else 0)"
    )
    assert done.returncode == 0, done.stderr
    assert all(f" {verb} " in done.stdout for verb in cli.VERBS)


def test_importing_outfitter_loads_nothing_heavy() -> None:
    done = python(
        "import sys, outfitter\nheavy = {'torch', 'ray', 'onnxruntime', 'lancedb', 'numpy', 'PIL', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert set(outfitter.__all__) <= set(dir(outfitter))"
    )
    assert done.returncode == 0, done.stderr


def test_detect_loads_no_training_code_and_no_index() -> None:
    done = python(
        "import sys\nfrom outfitter import cli\ncode = cli.run(['detect', '--help'])\n"
        "heavy = {'torch', 'lancedb', 'outfitter.learn', 'outfitter.catalogue'} & set(sys.modules)\n"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help(verb: str, outfitter: Outfitter) -> None:
    run = outfitter(verb, "--help")
    assert run.code == 0
    assert f"outfitter {verb}" in run.out


def test_version(outfitter: Outfitter) -> None:
    from importlib.metadata import version

    assert outfitter("--version").out.strip() == version("outfitter")


def test_unknown_verb_and_option_exit_2(outfitter: Outfitter) -> None:
    assert outfitter("dettect").code == 2
    run = outfitter("detect", "--modle", "x", "y.jpg")
    assert run.code == 2
    assert "--modle" in run.err
    assert run.out == ""


def test_an_outfitter_error_is_one_message_and_exit_2(outfitter: Outfitter, tmp_path: object) -> None:
    run = outfitter("detect", "--model", f"{tmp_path}/none", "x.jpg")
    assert (run.code, run.out) == (2, "")
    assert run.err == (
        f"outfitter: {tmp_path}/none: is not a folder; need a model folder as 'outfitter export' writes it.\n"
    )


def test_a_verb_without_its_extra_says_what_to_install() -> None:
    done = python(
        "import sys\nsys.modules['torch'] = None\nfrom outfitter import cli\n"
        "sys.exit(cli.run(['export', 'run', '--out', 'm', '--on', 'd', '--card', 'c']))"
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "outfitter: 'export' needs torch, which is not installed. Run: pip install 'outfitter[learn]'" in done.stderr


@pytest.mark.parametrize(
    ("missing", "verb", "options"),
    [
        ("sqlalchemy", "recommend", ["--events", "{log}"]),
        ("scipy", "recommend", ["--events", "{stored}"]),
        ("implicit", "evaluate", ["hybrid", "--protocol", "ranking", "--events", "{log}", "--out", "{out}"]),
    ],
)
def test_a_package_of_another_extra_than_the_verbs(
    outfitter: Outfitter, shop: Path, tmp_path: Path, missing: str, verb: str, options: list[str]
) -> None:
    places = {"log": tmp_path / "log.csv", "stored": tmp_path / "events.db", "out": tmp_path / "out"}
    rows = [f"{who},{name},{at}" for name, at in (("top-red", 1.78e9), ("bottom-blue", 1.79e9)) for who in "abc"]
    places["log"].write_text("\n".join(["user,product,time", *rows]) + "\n")
    assert outfitter("events", "import", places["log"], "--events", places["stored"]).code == 0
    command = [verb, "--catalogue", str(shop), *(option.format(**places) for option in options)]
    done = python(
        f"import sys\nsys.modules[{missing!r}] = None\nfrom outfitter import cli\nsys.exit(cli.run({command!r}))"
    )
    assert (done.returncode, done.stderr) == (
        2,
        f"outfitter: '{verb}' needs {missing}, which is not installed. Run: pip install 'outfitter[events]'\n",
    )
