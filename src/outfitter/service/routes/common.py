"""What several routes need: who asks, parameters, and answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import AfterValidator, BaseModel

from outfitter.errors import QueryError
from outfitter.service.auth import Caller
from outfitter.service.front import admin, reader
from outfitter.service.problems import Problem
from outfitter.service.schema import MAX_K, Id
from outfitter.service.storefront import Storefront
from outfitter.values import Product

Reader = Annotated[Caller, Depends(reader)]
Admin = Annotated[Caller, Depends(admin)]
ProductId = Annotated[Id, Path(description="The product's id in the feed, percent-encoded.", examples=["B0001"])]
K = Annotated[int, Query(ge=1, le=MAX_K)]
Where = Annotated[
    Annotated[str, AfterValidator(str.strip)] | None,
    Query(max_length=2000, description="Filters, such as category=top,price<50."),
]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


def as_json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, media_type="application/json")


def require_product(storefront: Storefront, product_id: str) -> Product:
    """The product. Raises Problem 404."""
    try:
        return storefront.served.catalogue.product(product_id)
    except QueryError as error:
        raise Problem(404, "product", str(error)) from None
