"""Hostile pictures, sent over HTTP: an answer or a problem that names the photo, and the service answers on."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from starlette.testclient import TestClient

from tests.hostile.photos import photos
from tests.service.conftest import outfit

EVERY = 9
"""The loader itself is shown all of them, in tests/hostile."""


@pytest.mark.slow
def test_hostile_pictures_over_http(client: TestClient) -> None:
    answers: Counter[int] = Counter()
    for name, data in islice(photos(), 0, None, EVERY):
        response = client.post("/v1/detect", files={"photo": (name, data, "image/jpeg")})
        answers[response.status_code] += 1
        if response.status_code == 422:
            assert response.json()["type"] == "urn:outfitter:problem:photo", name
        else:
            assert response.status_code == 200, (name, response.text)
    assert answers[422] > 100
    assert answers[200] > 50
    last = client.post("/v1/detect", files={"photo": ("a.png", outfit(), "image/png")})
    assert [found["slot"] for found in last.json()["garments"]] == ["top", "bottom"]
