"""Batches loaded ahead of the step that needs them, by other processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from torch.utils.data import DataLoader, Dataset

from outfitter.errors import OutfitterError

T = TypeVar("T")


class _Answers(Dataset[T | OutfitterError]):
    """The items of a data set; in place of one that cannot be made the error, which would else lose its words: a
    `DataLoader` makes a traceback of it."""

    def __init__(self, samples: Dataset[T]) -> None:
        self.samples = samples

    def __getitem__(self, step: int) -> T | OutfitterError:
        try:
            return self.samples[step]
        except OutfitterError as error:
            return error


def load_ahead(samples: Dataset[T], steps: range, workers: int, ahead: int) -> Iterator[T]:
    """Items `steps` of `samples`, each of the `workers` up to `ahead` items early; without workers, when asked for.

    Raises:
        OutfitterError: as `samples` raised it.
    """
    loader: DataLoader[Any] = DataLoader(
        _Answers(samples),
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        prefetch_factor=ahead if workers else None,
    )
    for answer in loader:
        if isinstance(answer, OutfitterError):
            raise answer
        yield answer
