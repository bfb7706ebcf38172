"""Keys: one admin key, made at first start and stored as a digest, and signed browser tokens bound to origins.

What a token may do stands in it, signed by a secret that never leaves the state folder. It is for the public page of a
shop, where everyone can read it: it reads and reports events, from the origins named in it, until it expires or is
revoked.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from outfitter.errors import ConfigError
from outfitter.service.tokens import TOKENS, Tokens
from outfitter.system import replace_text

KEYS: Final = "keys.json"
ADMIN: Final = "ofk_"
TOKEN: Final = "oft_"


class RefusedError(Exception):
    """status: 401 if who is asking is not known, 403 if it is known and may not."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True)
class Caller:
    """Who is asking. id: for logs and limits, no secret."""

    id: str
    admin: bool = False


class Keys:
    """The keys of a state folder. Thread-safe."""

    def __init__(self, admin_sha256: str, secret: bytes, tokens: Tokens | None = None) -> None:
        self._admin, self._secret = admin_sha256, secret
        self.tokens = tokens or Tokens()

    @classmethod
    def open(cls, folder: Path) -> tuple[Keys, str | None]:
        """The keys, and the admin key in plain if it was made just now: it is told this once.

        Raises:
            ConfigError: the file is damaged, or cannot be made.
        """
        path = folder / KEYS
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with path.with_suffix(".lock").open("w") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    if not path.exists():  # another service of this folder may have been faster
                        return cls._make(path)
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(stored["admin_sha256"], bytes.fromhex(stored["secret"]), Tokens(folder / TOKENS)), None
        except (ValueError, KeyError, TypeError):
            raise ConfigError(f"{path}: is damaged. Delete it for new keys; tokens made before end with it.") from None
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}. Name another folder with --state.") from None

    @classmethod
    def ephemeral(cls) -> Keys:
        """Keys that nobody knows and no file keeps: for --insecure-local, where they only sign pictures."""
        return cls("", secrets.token_bytes(32))

    @classmethod
    def _make(cls, path: Path) -> tuple[Keys, str]:
        key = ADMIN + secrets.token_urlsafe(32)
        stored = {"admin_sha256": _digest(key), "secret": secrets.token_hex(32)}
        replace_text(path, json.dumps(stored), 0o600)
        return cls(stored["admin_sha256"], bytes.fromhex(stored["secret"]), Tokens(path.parent / TOKENS)), key

    def token(self, origins: Collection[str], seconds: float) -> tuple[str, str, float]:
        """A token for pages of `origins`, its id, and when it expires, in seconds since 1970."""
        expires, own_id = int(time.time() + seconds), secrets.token_hex(4)
        claims = {"id": own_id, "origins": sorted(origins), "exp": expires}
        body = _encode(json.dumps(claims, separators=(",", ":")).encode())
        self.tokens.add(own_id, sorted(origins), expires)
        return f"{TOKEN}{body}.{self._sign('token', body)}", own_id, expires

    def caller(self, key: str | None, origin: str | None, host: str | None = None) -> Caller:
        """Who holds this key. host: of the page, where it tells no origin. Raises RefusedError."""
        if not key:
            raise RefusedError(401, "A key is needed. Send 'Authorization: Bearer KEY'; 'outfitter serve' printed one.")
        if key.startswith(TOKEN):
            return self._of_token(key, origin, host)
        if hmac.compare_digest(_digest(key), self._admin):
            return Caller("admin", admin=True)
        raise RefusedError(
            401, "This key is not known here. Check it, or delete keys.json and start again for a new one."
        )

    def _of_token(self, token: str, origin: str | None, host: str | None) -> Caller:
        body, _, signature = token.removeprefix(TOKEN).partition(".")
        if not hmac.compare_digest(self._sign("token", body).encode(), signature.encode()):
            raise RefusedError(401, "This token was not made here. Make one with POST /v1/tokens.")
        claims: dict[str, Any] = json.loads(_decode(body))
        if time.time() >= claims["exp"]:
            raise RefusedError(401, "This token has expired. Make a new one with POST /v1/tokens.")
        if self.tokens.revoked(claims["id"]):
            raise RefusedError(401, "This token was revoked. Make a new one with POST /v1/tokens.")
        known = claims["origins"] if origin is not None else [one.partition("://")[2] for one in claims["origins"]]
        page = host if origin is None else origin
        if page not in known:
            whose = f"pages of {page}" if page else "requests without an Origin"
            raise RefusedError(403, f"This token is not for {whose}. Make one for that origin with POST /v1/tokens.")
        return Caller(f"token {claims['id']}")

    def sign_path(self, path: str) -> str:
        """A signature that lets anyone read `path`: for pictures, which cannot send a key."""
        return self._sign("path", path)[:22]

    def signed(self, path: str, signature: str) -> bool:
        return hmac.compare_digest(self.sign_path(path).encode(), signature.encode())

    def _sign(self, purpose: str, text: str) -> str:
        return _encode(hmac.digest(self._secret, f"{purpose}\n{text}".encode("utf-8", "replace"), "sha256"))


def _digest(key: str) -> str:
    # The key has 256 random bits: a slow hash would protect nothing more.
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
