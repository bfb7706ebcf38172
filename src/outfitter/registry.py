"""A named set of things to choose from: readers, architectures, strategies, engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from outfitter.errors import ConfigError, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """``formats = Registry[Reader]("dataset format")``, ``@formats.register("yolo")``, ``formats["yolo"]``."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._items: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        def add(item: T) -> T:
            if name in self._items:
                raise ValueError(f"{self.what} {name!r} is registered twice")
            self._items[name] = item
            return item

        return add

    def __getitem__(self, name: str) -> T:
        try:
            return self._items[name]
        except KeyError:
            choices = ", ".join(self)
            raise ConfigError(f"unknown {self.what} {name!r}; choose from {choices}{nearest(name, self)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._items))
