from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from outfitter.system import cores, replace_file


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    replace_file(path, lambda file: file.write(b"first"), 0o600)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"first", 0o600)

    def breaks(file: BinaryIO) -> None:
        file.write(b"sec")
        raise OSError(28, os.strerror(28))

    with pytest.raises(OSError, match="No space left"):
        replace_file(path, breaks)
    assert path.read_bytes() == b"first"
    replace_file(path, lambda file: file.write(b"second"))
    assert path.read_bytes() == b"second"


def test_cores_are_those_this_process_may_use() -> None:
    assert cores() == len(os.sched_getaffinity(0))
