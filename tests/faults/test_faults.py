"""Every fault, a few times; `python -m tests.faults` runs them as often as docs/faults.md tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ToyModels
from tests.faults.outcome import World
from tests.faults.table import FAULTS, Row


@pytest.mark.parametrize("row", [pytest.param(row, id=row.fault.__name__) for row in FAULTS])
def test_nothing_that_was_acknowledged_is_lost(
    row: Row, tmp_path: Path, toy_models: ToyModels, request: pytest.FixtureRequest
) -> None:
    world = World(
        tmp_path,
        row.few,
        toy_models.detector,
        toy_models.embedder,
        lambda: request.getfixturevalue("object_store"),
        lambda: request.getfixturevalue("postgres"),
    )
    outcome = row.fault(world)
    assert outcome.trials >= row.few
    assert outcome.lost == 0, outcome
