"""schemathesis over the OpenAPI document: whatever is sent, no answer is a 5xx, and every answer is as documented."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from outfitter.errors import PhotoError
from outfitter.service.app import create_app
from outfitter.service.auth import Keys
from outfitter.service.settings import Settings
from tests.conftest import ToyModels
from tests.service.conftest import SHOP_PAGE, running

EXAMPLES = 100


@pytest.fixture(scope="module")
def served(built: Path, toy_models: ToyModels, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address and the admin key of a running service."""

    def nowhere(url: str) -> bytes:
        raise PhotoError(f"{url}: is not fetched in this test.")

    folder = Path(shutil.copytree(built, tmp_path_factory.mktemp("fuzzed") / "shop"))
    chosen = Settings(
        catalogue=folder,
        detector=toy_models.detector,
        embedder=toy_models.embedder,
        origins=(SHOP_PAGE,),
        workers=1,
        rate=0,
        reload_seconds=0,
    )
    keys, key = Keys.open(chosen.state_folder)
    assert key
    with running(create_app(chosen, keys, nowhere), chosen) as url:
        yield url, key


CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
OPERATIONS = (
    "POST /v1/detect",
    "POST /v1/recommend",
    "POST /v1/events",
    "POST /v1/photo",
    "POST /v1/tokens",
    "GET /v1/tokens",
    "DELETE /v1/tokens/{token_id}",
    "GET /v1/products",
    "PUT /v1/products",
    "GET /v1/products/{product_id}/similar",
    "GET /v1/products/{product_id}/pictures/{number}",
    "GET /v1/products/{product_id}",
    "DELETE /v1/products/{product_id}",
    "GET /v1/looks",
    "GET /v1/looks/{photo_id}",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /v1/status",
)


@pytest.fixture(scope="module")
def operations(served: tuple[str, str]) -> dict[str, Any]:
    found = schemathesis.openapi.from_url(f"{served[0]}/openapi.json").get_all_operations()
    return {one.label: one for one in (operation.ok() for operation in found)}  # type: ignore[union-attr]


def test_every_operation_is_tried(operations: dict[str, Any]) -> None:
    assert set(operations) == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_answer_is_a_server_error(name: str, operations: dict[str, Any], served: tuple[str, str]) -> None:
    headers = {"Authorization": f"Bearer {served[1]}"}

    @given(case=operations[name].as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def attempt(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=list(CHECKS))

    attempt()
