"""What no weight file says of a model: its name, how it was made, from what, and under which licences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from outfitter.artifact import Source
from outfitter.config import Options, parse
from outfitter.errors import ConfigError


class Card(Options):
    """`recipe`: the file or command that makes the model again. `sources`: every data set and weight file used."""

    name: str
    recipe: str
    sources: tuple[Source, ...]

    @classmethod
    def of_run(cls, model: str, data: str) -> Card:
        """What a run itself can say: its architecture and where its data lay; licences are for its owner to add."""
        origin = Source(name=f"photos of {Path(data).name}", licence="not stated")
        return cls(name=model.replace("_", "-"), recipe=f"outfitter train --model {model}", sources=(origin,))

    @classmethod
    def of_embedder(cls, backbone: int, data: Sequence[str]) -> Card:
        """The same of an embedder's run."""
        origins = tuple(Source(name=f"garments of {Path(one).name}", licence="not stated") for one in data)
        return cls(name=f"shape-and-colour-lite{backbone}", recipe="outfitter train-embedder", sources=origins)

    @property
    def notices(self) -> str:
        """The text of a model folder's NOTICE."""
        lines = [f"{self.name} was made from the following, each under its own licence.", ""]
        for source in self.sources:
            lines += [
                f"{source.name}",
                f"    {source.licence}",
                *([f"    {source.notice}"] if source.notice else []),
                "",
            ]
        return "\n".join(lines)


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        ConfigError: the file cannot be read, or a key is unknown or missing.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}. Need YAML with name, recipe and sources.") from error
    return parse(Card, values if isinstance(values, dict) else {}, str(path))
