"""Cataloguing on many machines with Ray, the only part that imports it: ``pip install 'outfitter[scale]'``.

with ray_engine("10.0.0.1:6379") as engine:
    build("feed.csv", "shop/", engine=engine)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from outfitter.errors import ConfigError

if TYPE_CHECKING:
    from outfitter.distributed.engine import RayEngine


def ray_engine(address: str | None = None, workers: int | None = None, gpus: float = 0) -> RayEngine:
    """An engine for `outfitter.catalogue.build`, `add` and `sync`. Arguments as for `RayEngine`.

    Raises:
        ConfigError: Ray is not installed, or an option is impossible.
    """
    try:
        from outfitter.distributed.engine import RayEngine
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("outfitter"):
            raise
        raise ConfigError(
            f"the engine 'ray' needs {error.name}, which is not installed. Run: pip install 'outfitter[scale]'"
        ) from None
    return RayEngine(address, workers, gpus)
