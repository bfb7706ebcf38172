"""Which photos train and which judge: whole groups go to one split, class shares stay alike, a seed decides.

The photos of one person, product or video are alike. Spread over two splits they make a detector look better than it
is, so a group is never divided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from outfitter.datasets.records import SPLITS, natural
from outfitter.errors import ConfigError

BLOCK: Final = 20
"""Photos in a block of consecutive names; in Clothing Co-Parsing, runs of one person are shorter."""
VAL_SHARE: Final = 0.15
_TRIALS: Final = 32


def blocks(names: Sequence[str], size: int = BLOCK) -> list[str]:
    """The group of every name: `size` neighbours in natural order make one."""
    order = sorted(range(len(names)), key=lambda i: natural(names[i]))
    groups = [""] * len(names)
    for place, i in enumerate(order):
        groups[i] = str(place // size)
    return groups


def assign(groups: Sequence[str], labels: Sequence[Sequence[str]], shares: Mapping[str, float], seed: int) -> list[str]:
    """The split of every photo.

    Of `_TRIALS` seeded ways to deal out the groups, the one is taken whose class shares differ least from `shares`.

    Args:
        groups: of every photo. labels: of every photo's boxes.
        shares: split → its part of the photos, in (0, 1); ``train`` takes the rest.

    Raises:
        ConfigError: impossible shares, or fewer groups than splits.
    """
    if bad := [name for name in shares if name not in SPLITS]:
        raise ConfigError(f"unknown split {bad[0]!r}; need {', '.join(SPLITS)}.")
    wanted = {name: share for name, share in shares.items() if name != "train" and share > 0}
    if any(not 0 <= share < 1 for share in shares.values()) or sum(wanted.values()) >= 1:
        raise ConfigError(f"splits {dict(shares)}: each share must be within [0, 1) and leave some for train.")
    names, group_of = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)
    if len(names) <= len(wanted):
        raise ConfigError(
            f"{len(groups)} photos in {len(names)} groups cannot make {len(wanted) + 1} splits; need more groups, or "
            "smaller ones."
        )
    classes = {name: i for i, name in enumerate(sorted({label for found in labels for label in found}), 1)}
    counts = np.zeros((len(names), 1 + len(classes)))  # column 0: photos
    for group, found in zip(group_of, labels, strict=True):
        counts[group, 0] += 1
        for label in found:
            counts[group, classes[label]] += 1
    shares_of = counts / counts.sum(0)
    ends = np.cumsum(list(wanted.values()))
    best: tuple[float, np.ndarray] | None = None
    for trial in range(_TRIALS):
        order = np.random.default_rng([seed, trial]).permutation(len(names))
        reached = np.cumsum(shares_of[order], axis=0)
        # Where the photos reach each share, but at least one group per split and one left for train.
        last = [int(np.argmin(abs(reached[:, 0] - end))) for end in ends]
        for i in range(len(last)):
            last[i] = min(max(last[i], last[i - 1] + 1 if i else 0), len(names) - 1 - (len(last) - i))
        parts = np.diff(reached[last], axis=0, prepend=0)
        cost = float(abs(parts / np.array(list(wanted.values()))[:, None] - 1).mean()) if last else 0.0
        if best is None or cost < best[0]:
            split = np.full(len(names), len(last))
            split[order] = np.searchsorted(last, np.arange(len(names)), side="left")
            best = (cost, split)
    assert best is not None
    split_names = [*wanted, "train"]
    return [split_names[i] for i in best[1][group_of]]
