"""``outfitter serve`` as a process: the key printed once, an orderly end; and ``outfitter looks export``."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outfitter.service.auth import Keys
from tests.cli.conftest import Outfitter
from tests.conftest import ToyModels
from tests.service.conftest import built as built
from tests.service.conftest import outfit


@contextmanager
def process(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], int, list[str]]]:
    """A service that answers: the process, its port, and what it has said so far."""
    command = [sys.executable, "-m", "outfitter.cli", "serve", "--port", "0", *map(str, arguments)]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    said: list[str] = []
    try:
        assert running.stderr
        for line in running.stderr:
            said.append(line)
            if found := re.search(r"Open http://127\.0\.0\.1:(\d+)/", line):
                yield running, int(found[1]), said
                break
        else:
            raise AssertionError("".join(said))
    finally:
        running.kill()
        running.wait(30)
        running.stderr.close()  # type: ignore[union-attr]


def test_the_key_is_printed_once_and_sigterm_answers_what_is_under_way(
    built: Path, toy_models: ToyModels, tmp_path: Path
) -> None:
    models = ("--detector", toy_models.detector, "--embedder", toy_models.embedder)
    options = ("--catalogue", built, "--state", tmp_path / "state", *models)
    with process(*options) as (running, port, said):
        key = re.search(r"shown this once: (ofk_\S+)", "".join(said))
        assert key
        body = outfit()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.putrequest("POST", "/v1/detect")
        for name, value in (("Authorization", f"Bearer {key[1]}"), ("Content-Type", "image/png")):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        connection.send(body[:100])
        other = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        other.request("GET", "/readyz")
        assert json.load(other.getresponse()) == {"status": "ready", "products": 7}
        other.close()
        os.kill(running.pid, signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.5)  # half a photo has come; the rest is waited for
        connection.send(body[100:])
        answer = connection.getresponse()
        assert answer.status == 200
        assert len(json.load(answer)["garments"]) == 2
        connection.close()
        assert running.wait(30) == 0
    with process(*options) as (_, _, said):
        assert "ofk_" not in "".join(said)
        assert "with the admin key that the first start printed" in "".join(said)


def test_json_logs_are_json_and_the_key_is_not_among_them(built: Path, toy_models: ToyModels, tmp_path: Path) -> None:
    models = ("--detector", toy_models.detector, "--embedder", toy_models.embedder)
    options = ("--catalogue", built, "--state", tmp_path / "state", "--port", "0", "--log", "json", *models)
    command = [sys.executable, "-m", "outfitter.cli", "serve", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stderr
        key = json.loads(running.stdout.readline())["admin_key"]
        started = running.stderr.readline()
        port = int(re.findall(r"at http://127\.0\.0\.1:(\d+)/", json.loads(started)["message"])[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/v1/products", headers={"Authorization": f"Bearer {key}"})
        assert connection.getresponse().status == 200
        connection.close()
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=30)
    rows = [json.loads(line) for line in err.splitlines()]
    assert [(row["route"], row["status"], row["caller"]) for row in rows] == [("/v1/products", 200, "admin")]
    assert out == ""
    assert "ofk_" not in started + err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--log", "xml"), "'text' or 'json'"),
        (("--insecure-local", "--host", "0.0.0.0"), "has no keys, so --host must be 127.0.0.1"),
        (("--origin", "shop.example"), "need an origin such as https://shop.example"),
        (("--origin", "https://shop.example/"), "need an origin such as https://shop.example"),
        (("--proxy", "proxy.example"), "need an address such as 10.0.0.7, or a network such as 10.0.0.0/8"),
        (("--timeout", "0"), "greater than 0"),
        (("--timeout", "inf"), "finite number"),
        (("--rate", "nan"), "finite number"),
    ],
)
def test_bad_options_exit_2(outfitter: Outfitter, built: Path, options: tuple[str, ...], message: str) -> None:
    run = outfitter("serve", "--catalogue", built, *options)
    assert (run.code, run.out) == (2, "")
    assert message in run.err


def test_a_start_that_fails_has_told_its_key(
    outfitter: Outfitter, built: Path, toy_models: ToyModels, tmp_path: Path
) -> None:
    state, learnt = tmp_path / "state", tmp_path / "nope.npz"
    options = ("--catalogue", built, "--state", state, "--learnt", learnt, "--detector", toy_models.detector)
    run = outfitter("serve", *options)
    assert (run.code, "nope.npz: cannot be read" in run.err) == (2, True)
    found = re.search(r"shown this once: (ofk_\S+)", run.err)
    assert found
    assert Keys.open(state)[0].caller(found[1], None).admin
    again = outfitter("serve", *options, "--log", "json")
    assert (again.code, "ofk_" in again.out + again.err) == (2, False)
    run = outfitter("serve", *options, "--log", "json", "--state", tmp_path / "other")
    assert Keys.open(tmp_path / "other")[0].caller(json.loads(run.out)["admin_key"], None).admin


def test_a_mistyped_catalogue_leaves_nothing_behind(outfitter: Outfitter, tmp_path: Path) -> None:
    run = outfitter("serve", "--catalogue", tmp_path / "nope")
    assert (run.code, "is not a folder" in run.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_no_catalogue_exits_2(outfitter: Outfitter, tmp_path: Path) -> None:
    run = outfitter("serve", "--catalogue", tmp_path, "--insecure-local")
    assert run.code == 2
    assert "Make one with 'outfitter catalogue build FEED" in run.err


def test_looks_are_exported(outfitter: Outfitter, built: Path, tmp_path: Path) -> None:
    run = outfitter("looks", "export", "--catalogue", built, "--out", tmp_path / "looks")
    assert run.code == 0, run.err
    (row,) = run.rows
    assert (row["looks"], row["failed"]) == (1, 0)
    written = json.loads((tmp_path / "looks" / "looks.json").read_text())
    (photo_id,) = written["looks"]
    assert written["names"]["worn.png"] == photo_id
    look = written["looks"][photo_id]
    assert [spot["similar"][0]["id"] for spot in look["hotspots"]] == ["top-red", "bottom-navy"]
    named = [look["src"], *(one["picture"] for spot in look["hotspots"] for one in spot["similar"])]
    named += [one["picture"] for one in look["complete"]]
    assert {f"pictures/{file.name}" for file in (tmp_path / "looks" / "pictures").iterdir()} == set(named)
    assert row["pictures"] == len(set(named))
    again = outfitter("looks", "export", "--catalogue", built, "--out", tmp_path / "looks")
    assert (again.code, "is not empty" in again.err) == (2, True)


def test_looks_of_some_products(outfitter: Outfitter, built: Path, tmp_path: Path) -> None:
    run = outfitter("looks", "export", "--catalogue", built, "--out", tmp_path / "one", "--product", "bottom-navy")
    assert (run.code, run.rows[0]["looks"]) == (0, 1)
    gone = outfitter("looks", "export", "--catalogue", built, "--out", tmp_path / "none", "--product", "bottom-nvy")
    assert gone.code == 2
    assert "did you mean 'bottom-navy'" in gone.err
