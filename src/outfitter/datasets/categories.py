"""Which classes a data set is prepared with: its own, the original's three, the shop's seven, or a mapping file's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from outfitter.datasets.records import Source, check_names, is_name
from outfitter.errors import ConfigError, DatasetError
from outfitter.taxonomy import BROAD, CCP_TO_SLOT, SLOTS

LEVELS: Final = ("broad", "fine", "slots")


def _table(lines: str) -> dict[str, str | None]:
    """``slot: label | label`` lines → label → slot; the slot ``-`` drops its labels."""
    rows = (line.split(":", 1) for line in lines.strip().splitlines())
    return {
        label.strip(): None if slot.strip() == "-" else slot.strip()
        for slot, labels in rows
        for label in labels.split("|")
    }


DEEPFASHION: Final[Mapping[str, str | None]] = _table("""
top: Anorak | Blazer | Blouse | Bomber | Button-Down | Cardigan | Flannel | Halter | Henley | Hoodie | Jacket | Jersey
top: Parka | Peacoat | Poncho | Sweater | Tank | Tee | Top | Turtleneck
bottom: Capris | Chinos | Culottes | Cutoffs | Gauchos | Jeans | Jeggings | Jodhpurs | Joggers | Leggings | Sarong
bottom: Shorts | Skirt | Sweatpants | Sweatshorts | Trunks
long: Caftan | Cape | Coat | Coverup | Dress | Jumpsuit | Kaftan | Kimono | Nightdress | Onesie | Robe | Romper
long: Shirtdress | Sundress
""")
"""DeepFashion's 50 categories and their types (Liu et al. 2016), in the order of its file."""

DEEPFASHION2: Final[Mapping[str, str | None]] = _table("""
top: short sleeve top | long sleeve top | short sleeve outwear | long sleeve outwear | vest | sling
bottom: shorts | trousers | skirt
long: short sleeve dress | long sleeve dress | vest dress | sling dress
""")
"""DeepFashion2's 13 categories (Ge et al. 2019), in the order of their ids."""

FASHIONPEDIA: Final[Mapping[str, str | None]] = _table("""
top: shirt, blouse | top, t-shirt, sweatshirt | sweater | cardigan | jacket | vest
bottom: pants | shorts | skirt
long: coat | dress | jumpsuit | cape
eyewear: glasses
headwear: hat | headband, head covering, hair accessory
-: tie | glove | watch | belt | leg warmer | tights, stockings | sock
footwear: shoe
bag: bag, wallet
-: scarf | umbrella | hood | collar | lapel | epaulette | sleeve | pocket | neckline | buckle | zipper | applique
-: bead | bow | flower | fringe | ribbon | rivet | ruffle | sequin | tassel
""")
"""Fashionpedia's 46 categories (Jia et al. 2020), in the order of their ids: garments, then parts of garments."""

_OWN: Final[Mapping[str, str | None]] = {slot: slot for slot in SLOTS}
_TABLES: Final = (_OWN, DEEPFASHION, DEEPFASHION2, FASHIONPEDIA, CCP_TO_SLOT)


@dataclass(frozen=True)
class Naming:
    """label → class, or None to drop it; `class_names` in the order of their ids."""

    mapping: Mapping[str, str | None]
    class_names: tuple[str, ...]


def choose(categories: str, source: Source, labels: Iterable[str]) -> Naming:
    """The naming that ``--categories`` asks for.

    categories: a level, or the path of a YAML file of ``label: class`` lines, where ``null`` drops a label.
    labels: every label that the source's records hold.

    Raises:
        DatasetError: labels that the mapping does not name.
        ConfigError: no such level or file.
    """
    met = set(labels)
    if categories == "fine":
        declared = [*source.class_names, *sorted(met - set(source.class_names))]
        check_names(declared, "--categories fine", "Rename it, or write a MAP.yaml with a line 'label: class' for it.")
        return Naming({label: label for label in declared}, tuple(declared))
    if categories in LEVELS:
        mapping = _level(categories, source, met)
        order: tuple[str, ...] = BROAD if categories == "broad" else SLOTS
    else:
        file = Path(categories)
        if not file.exists():
            raise ConfigError(
                f"--categories {file}: is neither {', '.join(LEVELS)} nor a file; need one of these or a MAP.yaml."
            )
        mapping = read_mapping(file)
        order = tuple(dict.fromkeys(name for name in mapping.values() if name is not None))
    unmapped = sorted(met - set(mapping))
    if unmapped:
        raise DatasetError(
            f"--categories {categories} does not name {len(unmapped)} of the source's {len(met)} labels: "
            f"{', '.join(map(repr, unmapped[:20]))}{', …' if len(unmapped) > 20 else ''}. Write a MAP.yaml with a line "
            "'label: class' for every label ('label: null' drops it), or use --categories fine."
        )
    return Naming(mapping, order)


def _level(level: str, source: Source, labels: set[str]) -> Mapping[str, str | None]:
    if level in source.levels:
        return source.levels[level]
    slots = source.levels.get("slots") or next((table for table in _TABLES if labels <= set(table)), _OWN)
    if level == "slots":
        return slots
    return {label: slot if slot in BROAD else None for label, slot in slots.items()}


def read_mapping(path: Path) -> dict[str, str | None]:
    """A mapping file.

    Raises:
        ConfigError: it cannot be read, or is not ``label: class`` lines.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file; need a MAP.yaml of lines 'label: class'. Check the path."
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}. Need lines 'label: class' or 'label: null'.") from None
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"{path}: holds {type(content).__name__}; need lines 'label: class' or 'label: null'.")
    mapping: dict[str, str | None] = {}
    for label, name in content.items():
        if not isinstance(label, str) or not (name is None or (isinstance(name, str) and is_name(name))):
            raise ConfigError(
                f"{path}: the line of {label!r} maps to {name!r}; both must be text, the class in one line, or null to "
                "drop. Put quotes around numbers, and around yes, no, on and off."
            )
        mapping[label] = name
    if not any(mapping.values()):
        raise ConfigError(f"{path}: every label is null; map at least one to a class.")
    return mapping
