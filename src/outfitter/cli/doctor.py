"""``outfitter doctor``: is everything here that Outfitter needs, and if not, what to do."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from outfitter.cli.inputs import cores
from outfitter.cli.output import emit, say
from outfitter.errors import OutfitterError

LEAST_FREE: Final = 2 * 10**9
"""Bytes of disk below which a catalogue or a run may not get far."""


class Finding(NamedTuple):
    """What was looked at. fix: what to do; empty where nothing is wrong."""

    part: str
    state: str
    fix: str = ""


def command(
    catalogue: Annotated[str | None, typer.Option(help="Also look at this catalogue.")] = None,
    model: Annotated[list[Path] | None, typer.Option(help="Also look at this model folder. Repeatable.")] = None,
    events: Annotated[str | None, typer.Option(help="Also look at these events: a file, or a database's URL.")] = None,
) -> None:
    """Check the installation: versions, extras, models, disk, cores, GPU. Exits with 1 if something needs fixing."""
    models = list(_models(model or []))
    embedders = {one.state.split()[0] for one in models if not one.fix}
    findings = [*_machine(), *_packages(), *models, *_catalogue(catalogue, embedders), *_events(events)]
    for one in findings:
        say(f"{'fix' if one.fix else 'ok ':3} {one.part}: {one.state}{f'. {one.fix}' if one.fix else ''}")
        emit({"part": one.part, "ok": not one.fix, "state": one.state, **({"fix": one.fix} if one.fix else {})})
    if any(one.fix for one in findings):
        raise SystemExit(1)


def _machine() -> Iterator[Finding]:
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield Finding("machine", f"{cores()} cores, {memory:.1f} GiB of memory")
    free = shutil.disk_usage(Path.cwd()).free
    few = f"{Path.cwd()} has little space left; work in a folder on another disk." if free < LEAST_FREE else ""
    yield Finding("disk", f"{free / 10**9:.1f} GB free", few)


def _packages() -> Iterator[Finding]:
    yield Finding("outfitter", version("outfitter"))
    extras: dict[str, list[str]] = {"": []}
    for line in requires("outfitter") or []:
        name, optional = re.match(r"[\w.-]+", line), re.search(r"extra == ['\"]([\w-]+)", line)
        assert name is not None
        extras.setdefault(optional[1] if optional else "", []).append(name[0])
    for extra, names in extras.items():
        if extra == "dev":
            continue
        missing = [name for name in names if _version(name) is None]
        told = ", ".join(f"{name} {_version(name)}" for name in names if name not in missing)
        if not missing:
            yield Finding(f"extra {extra}" if extra else "packages", told)
        elif not extra:
            yield Finding("packages", f"{', '.join(missing)} missing", "Run: pip install outfitter")
        else:
            yield Finding(f"extra {extra}", f"not installed ({', '.join(missing)}); pip install 'outfitter[{extra}]'")
    if importlib.util.find_spec("torch") is not None:
        yield _torch()


def _torch() -> Finding:
    import torch

    if not torch.cuda.is_available():
        return Finding("gpu", "none; training runs on the CPU")
    names = ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
    return Finding("gpu", f"{names}; CUDA {torch.version.cuda}")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


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
    except OSError:
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
