"""Who gets which arm of an experiment: always the same one, without remembering anybody."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256


def assign(experiment: str, person: str, shares: Mapping[str, float]) -> str:
    """The arm of a person: by a hash of experiment and person, so that experiments are independent of each other.

    shares: arm → share, adding up to 1; the order of the arms matters.
    """
    digest = sha256(f"{experiment}\0{person}".encode()).digest()
    point = int.from_bytes(digest[:8], "big") / 2**64
    arms = list(shares)
    for arm in arms[:-1]:
        point -= shares[arm]
        if point < 0:
            return arm
    return arms[-1]
