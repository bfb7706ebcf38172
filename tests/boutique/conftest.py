from __future__ import annotations

import pytest

from outfitter.boutique import Boutique, design


@pytest.fixture(scope="session")
def boutique() -> Boutique:
    """The range of the demo."""
    return design()
