"""Photos that were uploaded, kept in a folder if the operator asked for it; by default none are.

They may show people, and say where they were taken: the folder is the owner's alone, and holds no more than it may.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock

from outfitter.errors import ConfigError

_log = logging.getLogger("outfitter.service")


class Uploads:
    """Files named by the SHA-256 of their bytes, at most `most` bytes of them; the oldest give way. Thread-safe.

    Raises:
        ConfigError: the folder cannot be made or written.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most, self._changing = folder, most, Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
            with NamedTemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise ConfigError(f"{folder}: {error.strerror}. Name another folder with --uploads.") from None

    def keep(self, photo: bytes) -> None:
        """Keep a photo's file as it came; one that came before counts as new. A full disk is logged, and no error."""
        if len(photo) > self._most:
            return
        path = self._folder / hashlib.sha256(photo).hexdigest()
        try:
            with self._changing:
                if path.exists():
                    os.utime(path)
                    return
                self._make_room(len(photo))
                with NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:  # made as 0600
                    file.write(photo)
                Path(file.name).replace(path)
        except OSError as error:
            _log.error("an upload is not kept: %s: %s", self._folder, error.strerror)
            with contextlib.suppress(OSError, UnboundLocalError):
                Path(file.name).unlink()

    def _make_room(self, length: int) -> None:
        files = [(entry, entry.stat()) for entry in os.scandir(self._folder) if not entry.name.startswith(".")]
        taken = sum(stat.st_size for _, stat in files)
        for entry, stat in sorted(files, key=lambda one: one[1].st_mtime_ns):
            if taken + length <= self._most:
                return
            Path(entry.path).unlink(missing_ok=True)
            taken -= stat.st_size
