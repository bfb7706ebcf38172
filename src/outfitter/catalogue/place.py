"""Where a catalogue lives: a folder of this machine, or an object store that many machines share.

Besides its tables, which LanceDB opens in either, a catalogue is a few small files. A place reads and replaces those,
each in one step, and lets one writer in at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from outfitter.errors import CatalogueError
from outfitter.system import replace_file

if TYPE_CHECKING:
    from lancedb.db import DBConnection

LOCK: Final = ".lock"

TRY_AGAIN: Final = (
    "See whether the disk is full or read-only, and run the same command again: it goes on where it stopped."
)


class Place(ABC):
    """``str(place)`` is what people call it, ``place / "rejects.csv"`` one of its files, for messages.

    try_again: what to do about a write that failed. shared: whether other machines may be reading and writing.
    """

    try_again: str = TRY_AGAIN
    shared: bool = False

    @abstractmethod
    def __str__(self) -> str: ...

    def __truediv__(self, name: str) -> str:
        return f"{self}/{name}"

    @abstractmethod
    def is_there(self) -> bool:
        """False if there is no such folder."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the folder, if there are such things. Raises CatalogueError."""

    @abstractmethod
    def names(self) -> list[str]:
        """What lies in it, hidden files left out."""

    @abstractmethod
    def size_bytes(self) -> int:
        """Of all files in it."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """A file, None if there is none. Raises CatalogueError if it cannot be read."""

    @abstractmethod
    def replace(self, name: str, data: bytes) -> None:
        """Replace a file in one step. Raises CatalogueError if it cannot be written."""

    @abstractmethod
    def swap(self, name: str, data: bytes) -> None:
        """Replace a file in one step if it is still what this object read or wrote last; else CatalogueError.

        `data` must never have been written before.
        """

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """Be the only writer. Raises CatalogueError if another process is writing."""

    def require_held(self) -> None:  # noqa: B027
        """Raises CatalogueError if, by the clock, this writer may be the only one no longer."""

    def confirm_held(self) -> None:  # noqa: B027
        """Asks, instead of trusting the clock. Raises CatalogueError as `require_held`."""

    @abstractmethod
    def connect(self) -> DBConnection:
        """The database that its tables are in."""


class Folder(Place):
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def is_there(self) -> bool:
        return self.path.is_dir()

    def prepare(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogueError(f"{self}: cannot be a folder: {error.strerror}. Name another one.") from None

    def names(self) -> list[str]:
        try:
            return [path.name for path in self.path.iterdir() if not path.name.startswith(".")]
        except OSError as error:
            raise CatalogueError(f"{self}: cannot be a folder: {error.strerror}. Name another one.") from None

    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise CatalogueError(f"{self / name}: cannot be read: {error.strerror}. See who may read it.") from None

    def swap(self, name: str, data: bytes) -> None:
        self.replace(name, data)  # its lock sees to the rest

    def replace(self, name: str, data: bytes) -> None:
        try:
            replace_file(self.path / name, lambda file: file.write(data))
        except OSError as error:
            raise CatalogueError(f"{self / name}: cannot be written: {error.strerror}. {TRY_AGAIN}") from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold a lock that the system releases however the process ends."""
        import fcntl

        try:
            file = (self.path / LOCK).open("a")
        except OSError as error:
            raise CatalogueError(f"{self}: cannot be written: {error.strerror}. {TRY_AGAIN}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CatalogueError(f"{self}: another process is writing to it. Wait until it ends.") from None
            yield

    def connect(self) -> DBConnection:
        import lancedb

        return lancedb.connect(str(self.path))


Where: TypeAlias = str | Path | Place


def open_place(where: Where) -> Place:
    """``"shop/"`` or ``"s3://bucket/shop"``. Touches neither.

    Raises:
        CatalogueError: an address that cannot be one, or what reads object stores is not installed.
    """
    if isinstance(where, Place):
        return where
    if not is_remote(where):
        return Folder(Path(where))
    from outfitter.catalogue.object_store import ObjectStore

    return ObjectStore(str(where))


def is_remote(where: str | Path) -> bool:
    """Whether it is an address of an object store, and no folder."""
    return isinstance(where, str) and "://" in where
