"""What of Outfitter's own requirements is installed, and whether the versions are those it is made for."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement


def extras() -> dict[str, list[Requirement]]:
    """Extra → what it needs here, other extras of ours left out; "" is what everything needs."""
    found: dict[str, list[Requirement]] = {"": []}
    for one in map(Requirement, requires("outfitter") or []):
        marker = one.marker
        names = [""] if marker is None or marker.evaluate({"extra": ""}) else _extras_of(one)
        for name in names:
            found.setdefault(name, [])
            if one.name != "outfitter":
                found[name].append(one)
    return found


def _extras_of(one: Requirement) -> list[str]:
    from importlib.metadata import metadata

    names = metadata("outfitter").get_all("Provides-Extra") or []
    return [name for name in names if one.marker is not None and one.marker.evaluate({"extra": name})]


def installed_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def trouble_with(need: Requirement) -> str | None:
    """What is wrong with an installed package: it is not of the versions needed, or something it needs itself is not
    (as torchvision's torch, which must be the one it was built for). None if nothing is.
    """
    found = version(need.name)
    if not need.specifier.contains(found, prereleases=True):
        return f"{need.name} is {found}; need {need.specifier}"
    for other in map(Requirement, requires(need.name) or []):
        if other.marker is not None and not other.marker.evaluate({"extra": ""}):
            continue
        has = installed_version(other.name)
        if has is not None and not other.specifier.contains(has, prereleases=True):
            return f"{need.name} {found} needs {other.name}{other.specifier}, and {has} is installed"
    return None
