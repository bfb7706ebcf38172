"""Objects of a store that speaks S3, by ``s3://bucket/key``: pictures and feeds, and the store of a catalogue.

Where the store is and who asks is told by the environment, as for AWS's own tools: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_ENDPOINT_URL for stores that are not Amazon's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import urlsplit

from outfitter.errors import reason

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Store

CONNECT_SECONDS: Final = 5
RETRIES: Final = 5


def is_object(source: str) -> bool:
    """Whether it begins with ``s3://``."""
    return source[:5].lower() == "s3://"


def read_object(url: str, most: int, seconds: float) -> bytes:
    """An object's bytes.

    Raises:
        OSError: it cannot be had, or not in `seconds`; the message says why.
        ValueError: it has more than `most` bytes.
    """
    with _explained():
        from obstore import get

        bucket, key = _parts(url)
        found = get(_store(bucket, seconds), key)
        if found.meta["size"] > most:
            raise ValueError(f"{found.meta['size']:,} bytes")
        return bytes(found.bytes())


def copy_object(url: str, file: BinaryIO) -> None:
    """Write an object of any size into a file. Raises OSError."""
    with _explained():
        from obstore import get

        bucket, key = _parts(url)
        for chunk in get(_store(bucket, None), key).stream():
            file.write(chunk)


def _parts(url: str) -> tuple[str, str]:
    """Bucket and key; a key is what follows, as it stands."""
    bucket, _, key = url[5:].partition("/")
    if not bucket or not key or key.endswith("/"):
        raise OSError("names no object; need s3://BUCKET/KEY")
    return bucket, key


def endpoint() -> str | None:
    """Where the store is; None is Amazon's."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def open_store(
    bucket: str, prefix: str = "", *, seconds: float | None = None, retries: int = RETRIES, retry_seconds: float = 60
) -> S3Store:
    """A connection pool for a bucket, or for what lies in it under `prefix`.

    seconds: for one call; None waits for as long as bytes arrive. A call that fails is made again `retries` times, and
    for `retry_seconds` at most.
    """
    from obstore.store import S3Store

    where = endpoint()
    client: ClientConfig = {
        "allow_http": urlsplit(where or "").scheme == "http",
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
    }
    if seconds is None:
        client["read_timeout"] = timedelta(seconds=30)
    else:
        client["timeout"] = timedelta(seconds=seconds)
    return S3Store(
        bucket,
        prefix=prefix or None,
        config={"endpoint": where} if where else {},
        client_options=client,
        retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=retry_seconds)},
    )


@lru_cache(maxsize=64)
def _store(bucket: str, seconds: float | None) -> S3Store:
    return open_store(bucket, seconds=seconds, retry_seconds=seconds or 60)


@contextmanager
def _explained() -> Iterator[None]:
    """What obstore raises as an OSError with one line."""
    try:
        from obstore import exceptions
    except ModuleNotFoundError:
        raise OSError("object stores need obstore, which is not installed. Run: pip install 'outfitter[s3]'") from None
    try:
        yield
    except (exceptions.NotFoundError, FileNotFoundError):
        raise OSError("there is no such object") from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise OSError("access is denied; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None
    except exceptions.BaseError as error:
        raise OSError(reason(error)[:300]) from error
