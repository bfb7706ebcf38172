"""``python -m tests.faults [--few] [FAULT …]``: the table of docs/faults.md, on standard output."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from tests.databases import Postgres, running_postgres
from tests.faults.outcome import World
from tests.faults.table import FAULTS
from tests.stores import Store, seaweedfs
from tests.toy import toy_detector, toy_embedder


def main(names: list[str], few: bool) -> int:
    """Exit code 1 if something was lost."""
    lost = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as work, ExitStack() as stack:
        folder = Path(work)

        @cache
        def store() -> Store:
            (folder / "store").mkdir()
            return stack.enter_context(seaweedfs(folder / "store"))

        @cache
        def postgres() -> Postgres:
            return stack.enter_context(running_postgres())

        detector, embedder = toy_detector(folder / "detector", folder), toy_embedder(folder / "embedder", folder)
        print("| fault | trials | acknowledged before | lost | |\n|---|---|---|---|---|", flush=True)
        for row in FAULTS:
            if names and row.fault.__name__ not in names:
                continue
            place = folder / row.fault.__name__
            place.mkdir()
            began = time.monotonic()
            outcome = row.fault(World(place, row.few if few else row.many, detector, embedder, store, postgres))
            print(f"| {row.name} | {outcome.trials} | {outcome.kept} | {outcome.lost} | {outcome.note} |", flush=True)
            print(f"{row.fault.__name__}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            lost += outcome.lost
    return int(lost > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("fault", nargs="*", choices=[[], *(row.fault.__name__ for row in FAULTS)])
    parser.add_argument("--few", action="store_true", help="as many trials as the tests make")
    chosen = parser.parse_args()
    sys.exit(main(chosen.fault, chosen.few))
