"""``outfitter doctor``: is everything here that Outfitter needs, and if not, what to do."""

from __future__ import annotations

import errno
import importlib.util
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from outfitter.cli.installed import extras, installed_version, trouble_with
from outfitter.cli.output import emit, say
from outfitter.errors import OutfitterError
from outfitter.system import cores

LEAST_FREE: Final = 2 * 10**9
"""Bytes of disk below which a catalogue or a run may not get far."""


EVENTS: Final = "events.db"
"""In a service's state folder, unless it was told of another place."""


class Finding(NamedTuple):
    """What was looked at. fix: what to do; empty where nothing is wrong."""

    part: str
    state: str
    fix: str = ""


def command(
    catalogue: Annotated[str | None, typer.Option(help="Also look at this catalogue.")] = None,
    model: Annotated[list[Path] | None, typer.Option(help="Also look at this model folder. Repeatable.")] = None,
    events: Annotated[str | None, typer.Option(help="Also look at these events: a file, or a database's URL.")] = None,
    state: Annotated[Path | None, typer.Option(help="Also look at this folder of a service's keys and events.")] = None,
) -> None:
    """Check the installation: versions, extras, models, disk, cores, GPU. Exits with 1 if something needs fixing."""
    models = list(_models(model or []))
    embedders = {one.state.split()[0] for one in models if not one.fix}
    if events is None and state is not None and (state / EVENTS).exists():
        events = str(state / EVENTS)
    parts = (_machine(), _packages(), models, _catalogue(catalogue, embedders), _service(state), _events(events))
    findings = [one for part in parts for one in part]
    for one in findings:
        say(f"{'fix' if one.fix else 'ok ':3} {one.part}: {one.state}{f'. {one.fix}' if one.fix else ''}")
        emit({"part": one.part, "ok": not one.fix, "state": one.state, **({"fix": one.fix} if one.fix else {})})
    if any(one.fix for one in findings):
        raise SystemExit(1)


def _machine() -> Iterator[Finding]:
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield Finding("machine", f"{cores()} cores, {memory:.1f} GiB of memory")
    yield _disk("disk", Path.cwd())


def _disk(part: str, folder: Path, writes: bool = False) -> Finding:
    """writes: who uses it must be able to write there; else it is only told."""
    free = shutil.disk_usage(folder).free
    state = f"{free / 10**9:.1f} GB free"
    if free < LEAST_FREE:
        return Finding(part, state, f"{folder} has little space left; make room, or use a folder on another disk.")
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        why = "is on a read-only disk" if error.errno == errno.EROFS else f"cannot be written: {error.strerror}"
        fix = f"{folder} {why}. Mount it for writing, give this user the right, or name another folder."
        return Finding(part, f"{state}; {why}", fix if writes else "")
    return Finding(part, f"{state}, can be written")


def _service(folder: Path | None) -> Iterator[Finding]:
    """A service's state folder: its disk and its keys."""
    if folder is None:
        return
    if not folder.is_dir():
        yield Finding(f"state {folder}", "there is no such folder", "Name the one that 'outfitter serve' made.")
        return
    yield _disk(f"state {folder}", folder, writes=True)
    from outfitter.service.auth import KEYS, Keys

    file = folder / KEYS
    if not file.exists():
        yield Finding("keys", "none yet; 'outfitter serve' makes them when it first starts")
        return
    others = file.stat().st_mode & 0o077
    try:
        Keys.open(folder)
        yield Finding("keys", "can be read", f"Others can read them. Run: chmod 600 {file}" if others else "")
    except OutfitterError as error:
        yield Finding("keys", "cannot be read", str(error))


def _packages() -> Iterator[Finding]:
    yield Finding("outfitter", version("outfitter"))
    for extra, needs in extras().items():
        if extra == "dev":
            continue
        installed = {need.name: found for need in needs if (found := installed_version(need.name))}
        missing = [need.name for need in needs if need.name not in installed]
        part = f"extra {extra}" if extra else "packages"
        wrong = [trouble for need in needs if need.name in installed and (trouble := trouble_with(need))]
        told = ", ".join(f"{name} {found}" for name, found in installed.items())
        if missing and extra:
            yield Finding(part, f"not installed ({', '.join(missing)}); pip install 'outfitter[{extra}]'")
        elif missing:
            yield Finding(part, f"{', '.join(missing)} missing", "Run: pip install outfitter")
        elif wrong:
            remedy = f"Run: pip install --upgrade 'outfitter{f'[{extra}]' if extra else ''}'"
            yield Finding(part, "; ".join(wrong), remedy)
        else:
            yield Finding(part, told)
    if importlib.util.find_spec("torch") is not None:
        yield _torch()


def _torch() -> Finding:
    import torch

    if not torch.cuda.is_available():
        return Finding("gpu", "none; training runs on the CPU")
    names = ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
    return Finding("gpu", f"{names}; CUDA {torch.version.cuda}")


def _models(folders: list[Path]) -> Iterator[Finding]:
    from outfitter.detections import Detector
    from outfitter.embeddings import Embedder

    shipped: list[tuple[str, type[Detector] | type[Embedder], Path | None]] = [
        ("shipped detector", Detector, None),
        ("shipped embedder", Embedder, None),
    ]
    for folder in folders:
        is_embedder = "embedder_input" in _text(folder / "manifest.json")
        shipped.append((f"model {folder}", Embedder if is_embedder else Detector, folder))
    for part, kind, place in shipped:
        try:
            yield Finding(part, f"{kind(place).manifest.model_id} opens, its sha256 is right")
        except OutfitterError as error:
            yield Finding(part, "does not open", str(error))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _catalogue(folder: str | None, embedders: set[str]) -> Iterator[Finding]:
    """embedders: ids of those that open."""
    if folder is None:
        return
    from outfitter.catalogue import Catalogue

    try:
        found = Catalogue.open(folder)
        made_with = found.stamp.embedder
        other = (
            ""
            if made_with in embedders
            else f"No embedder here is {made_with}: name its folder with --model here and --embedder elsewhere, or run "
            "'outfitter catalogue build' again."
        )
        yield Finding(f"catalogue {folder}", f"{len(found)} products, made with {made_with}", other)
        if Path(folder).is_dir():
            yield _disk(f"disk of {folder}", Path(folder))
    except OutfitterError as error:
        yield Finding(f"catalogue {folder}", "does not open", str(error))


def _events(where: str | None) -> Iterator[Finding]:
    if where is None:
        return
    from outfitter.events import EventStore

    try:
        with EventStore(where, make=False) as store:
            counts = store.stats()
            yield Finding(f"events {store.name}", f"{counts['events']} events of {counts['users']} users")
    except OutfitterError as error:
        yield Finding("events", "do not open", str(error))
    except ModuleNotFoundError as error:
        yield Finding("events", f"need {error.name}", "Run: pip install 'outfitter[events]'")
