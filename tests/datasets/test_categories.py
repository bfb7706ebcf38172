from __future__ import annotations

import json
from pathlib import Path

import pytest

from outfitter.datasets.categories import Naming, choose, read_mapping
from outfitter.datasets.records import Source
from outfitter.errors import ConfigError, DatasetError
from outfitter.taxonomy import SLOTS


def test_fine_keeps_the_sources_names_in_its_order_and_adds_those_it_does_not_declare() -> None:
    naming = choose("fine", Source([], ("scarf", "belt")), ["belt", "anklet"])
    assert naming.class_names == ("scarf", "belt", "anklet")
    assert naming.mapping["belt"] == "belt"


def test_levels_of_the_source_come_before_the_tables() -> None:
    source = Source([], levels={"slots": {"cap": "headwear", "coat": "long", "skin": None}})
    naming = choose("slots", source, ["coat", "skin"])
    assert naming == Naming({"cap": "headwear", "coat": "long", "skin": None}, SLOTS)
    broad = choose("broad", source, ["coat", "cap"])
    assert broad.mapping == {"cap": None, "coat": "long", "skin": None}
    assert broad.class_names == ("top", "bottom", "long")


@pytest.mark.parametrize(
    ("labels", "slots"),
    [
        (("footwear", "top"), ("footwear", "top")),
        (("Tee", "Romper"), ("top", "long")),
        (("sling dress", "shorts"), ("long", "bottom")),
        (("shirt, blouse", "neckline", "shoe"), ("top", None, "footwear")),
        (("hat", "purse"), ("headwear", "bag")),
    ],
)
def test_known_vocabularies_need_no_mapping_file(labels: tuple[str, ...], slots: tuple[str | None, ...]) -> None:
    mapping = choose("slots", Source([]), labels).mapping
    assert tuple(mapping[label] for label in labels) == slots


def test_unmapped_labels_are_listed_with_what_to_do() -> None:
    with pytest.raises(
        DatasetError, match=r"--categories slots does not name 2 of the source's 3 labels: 'kilt', 'tops'"
    ):
        choose("slots", Source([]), ["top", "tops", "kilt"])


def test_a_mapping_file_renames_drops_and_orders(tmp_path: Path) -> None:
    file = tmp_path / "MAP.yaml"
    file.write_text("shoe: footwear\r\nkilt: bottom\r\nboot: footwear\r\nneckline: null\r\n'top, t-shirt': top\r\n")
    naming = choose(str(file), Source([]), ["kilt", "neckline"])
    assert naming.class_names == ("footwear", "bottom", "top")
    assert naming.mapping["neckline"] is None
    with pytest.raises(DatasetError, match="does not name 1 of the source's 1 labels: 'sock'"):
        choose(str(file), Source([]), ["sock"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- top\n", "holds list; need lines 'label: class'"),
        ("", "holds NoneType"),
        ("a: [", "cannot be read"),
        ("a: 3\n", "the line of 'a' maps to 3; both must be text"),
        ("no: top\n", "the line of False maps to 'top'.*Put quotes around numbers, and around yes, no"),
        ("a: null\n", "every label is null"),
        ('a: "two\\nlines"\n', r"maps to 'two\\nlines'; both must be text, the class in one line"),
    ],
)
def test_a_wrong_mapping_file_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_mapping(tmp_path / "m.yaml")


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "two\rlines"])
def test_a_class_that_is_no_line_is_refused_and_may_be_mapped(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has a class named .*; need text of one line\. .* write a MAP\.yaml"):
        choose("fine", Source([], ("top", name)), [])
    mapping = tmp_path / "m.yaml"
    mapping.write_text(json.dumps({name: None, "top": "top"}))
    assert choose(str(mapping), Source([], ("top", name)), ["top", name]).class_names == ("top",)


def test_a_misspelt_level_is_told_from_a_missing_file() -> None:
    with pytest.raises(ConfigError, match="--categories bread: is neither broad, fine, slots nor a file"):
        choose("bread", Source([]), [])


def test_a_mapping_file_that_is_not_there_is_named_alone(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^\S*none\.yaml: there is no such file; need a MAP\.yaml of lines 'label: cl"
    ):
        read_mapping(tmp_path / "none.yaml")
