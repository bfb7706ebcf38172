"""A catalogue in an object store that speaks S3: ``s3://bucket/shop``.

Where the store is and who may use it is said by the environment, as to any of its clients: AWS_ENDPOINT_URL,
AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; without keys, by the machine's role. The store
must know conditional writes (``If-None-Match``, ``If-Match``), by which writers see each other.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from outfitter.catalogue.lease import Lease
from outfitter.catalogue.place import LOCK, Place
from outfitter.errors import CatalogueError
from outfitter.objects import CONNECT_SECONDS, endpoint, open_store

if TYPE_CHECKING:
    from lancedb.db import DBConnection

REQUEST_SECONDS: Final = 60
RETRY_SECONDS: Final = 20
"""How long a call is tried again before it is given up; what is unreachable is told within half a minute."""
RETRIES: Final = 7

T = TypeVar("T")


class Found(NamedTuple):
    """An object, and the tag that changes whenever it does."""

    data: bytes
    etag: str


class ObjectStore(Place):
    """``s3://bucket/prefix``. Not thread-safe but for what the lease does."""

    try_again = (
        "See whether the object store can be reached, and run the same command again: it goes on where it stopped."
    )
    shared = True

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._prefix = parts.path.strip("/")
        if parts.scheme != "s3" or not parts.netloc or not self._prefix or parts.query or parts.fragment:
            raise CatalogueError(f"{url}: is no address of a catalogue; need a folder, or s3://BUCKET/NAME.")
        if "%" in parts.path:  # LanceDB would decode it, and obstore does not
            raise CatalogueError(f"{url}: has a % in its name, which is read in two ways. Give it a name without.")
        self._url, self._bucket = f"s3://{parts.netloc}/{self._prefix}", parts.netloc
        try:
            self._store = open_store(
                self._bucket, self._prefix, seconds=REQUEST_SECONDS, retries=RETRIES, retry_seconds=RETRY_SECONDS
            )
        except ModuleNotFoundError:
            raise CatalogueError(
                f"{url}: object stores need obstore, which is not installed. Run: pip install 'outfitter[s3]'"
            ) from None
        self._endpoint = endpoint()
        self._options = {
            **({"aws_endpoint": self._endpoint} if self._endpoint else {}),
            "allow_http": str(urlsplit(self._endpoint or "").scheme == "http").lower(),
            "connect_timeout": f"{CONNECT_SECONDS}s",
            "timeout": f"{REQUEST_SECONDS}s",
            "client_max_retries": str(RETRIES),
            "client_retry_timeout": str(RETRY_SECONDS),
        }
        self._seen: dict[str, str | None] = {}
        self._lease: Lease | None = None

    def __str__(self) -> str:
        return self._url

    def is_there(self) -> bool:
        return True

    def prepare(self) -> None:
        """There are no folders."""

    def names(self) -> list[str]:
        listed = self._asked(lambda: self._store.list_with_delimiter())
        paths = [*listed["common_prefixes"], *(one["path"] for one in listed["objects"])]
        return [name for name in (path.rsplit("/")[-1] for path in paths) if name and not name.startswith(".")]

    def size_bytes(self) -> int:
        return self._asked(lambda: sum(one["size"] for batch in self._store.list() for one in batch))

    def read(self, name: str) -> bytes | None:
        found = self.get(name)
        self._seen[name] = found.etag if found else None
        return found.data if found else None

    def replace(self, name: str, data: bytes) -> None:
        self.require_held()
        self._asked(lambda: self._store.put(name, data))

    def swap(self, name: str, data: bytes) -> None:
        self.require_held()
        etag = self.put_if(name, data, self._seen.get(name))
        if etag is None:
            raise CatalogueError(
                f"{self / name}: another process has written to this catalogue meanwhile, and what it wrote stays. "
                "Run the same command again."
            )
        self._seen[name] = etag

    @contextmanager
    def writing(self) -> Iterator[None]:
        with Lease(self, LOCK) as self._lease:
            try:
                yield
            finally:
                self._lease = None

    def require_held(self) -> None:
        if self._lease is not None:
            self._lease.require()

    def confirm_held(self) -> None:
        if self._lease is not None:
            self._lease.renew()
            self._lease.require()

    def connect(self) -> DBConnection:
        import lancedb

        return lancedb.connect(self._url, storage_options=self._options)

    # --- objects

    def get(self, name: str) -> Found | None:
        """Raises CatalogueError if the store does not answer."""
        from obstore import get

        def read() -> Found | None:
            try:
                found = get(self._store, name)
                return Found(bytes(found.bytes()), found.meta["e_tag"] or "")
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None

        return self._asked(read)

    def put_if(self, name: str, data: bytes, etag: str | None) -> str | None:
        """Write an object if it is still the one of this tag, None being none at all.

        `data` must never have been written before: by that it is told whether a write whose answer was lost was made.

        Returns:
            The new tag; None if the object is another.

        Raises:
            CatalogueError: the store does not answer.
        """
        from obstore.exceptions import AlreadyExistsError, GenericError, PreconditionError

        for attempt in range(RETRIES):
            lost: Exception | None = None
            try:
                return self._store.put(name, data, mode="create" if etag is None else {"e_tag": etag})["e_tag"]
            except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
                if "NoSuchBucket" in str(error):
                    raise self._told(error) from None
            except GenericError as error:  # which is not tried again by itself, as it may have been made
                lost = error
            except Exception as error:
                raise self._told(error) from None
            found = self.get(name)
            if found and found.data == data:
                return found.etag
            if lost is None or (found.etag if found else None) != etag:
                return None
            time.sleep(0.1 * 2**attempt)
        raise self._told(lost) from None

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except Exception as error:
            raise self._told(error) from None

    def _told(self, error: Exception | None) -> CatalogueError:
        """What the store's client says, in one line, and what to do."""
        text = str(error)
        endpoint = self._endpoint or "AWS"
        if "NoSuchBucket" in text:
            return CatalogueError(
                f"{self}: there is no bucket {self._bucket!r} at {endpoint}. Make it first, or correct the name."
            )
        if "/latest/" in text:  # of the machine's role
            return CatalogueError(
                f"{self}: no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role gives "
                "them."
            )
        code = re.search(r"<Code>(\w+)</Code>(?:\s*<Message>([^<]*)</Message>)?", text)
        told = f"{code[1]}, {code[2]}" if code and code[2] else code[1] if code else ""
        if told and not re.search("status code: (5|429)", text):
            return CatalogueError(
                f"{self}: {endpoint} refuses: {told.rstrip('.')}. "
                "See whether these credentials may read, write and list there."
            )
        reason = told or text.split("\n")[0].split(" - ", 1)[-1].strip()
        return CatalogueError(f"{self}: {endpoint} fails: {reason.rstrip('.,')}. {self.try_again}")
