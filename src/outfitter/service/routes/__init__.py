"""The routes of the API."""

from __future__ import annotations

from fastapi import APIRouter

from outfitter.service.routes import ask, catalogue, operate

router = APIRouter()
for part in (ask, catalogue, operate):  # in this order: a product's look-alikes before a product whose id ends so
    router.include_router(part.router)
