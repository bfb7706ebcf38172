"""Pascal VOC: ``Annotations/NAME.xml``, ``JPEGImages/NAME.jpg``, ``ImageSets/Main/{train,val,test}.txt``.

VOC counts pixels from 1 and includes the last one: our x1 is its xmin - 1, our x2 its xmax. ``difficult`` objects are
left out of scoring, as crowd boxes are, and are read and written as these. Source: VOC2012 development kit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from outfitter.datasets.records import READERS, SPLITS, Box, Drops, Record, Source, natural, read_lines, size_of
from outfitter.datasets.safe_xml import parse
from outfitter.errors import DatasetError
from outfitter.photo import EXTENSIONS
from outfitter.values import Example


@READERS.register("voc")
def read(source: Path) -> Source:
    """Also a plain folder of photos and XML files. Raises DatasetError if there are no XML files."""
    annotations = source / "Annotations" if (source / "Annotations").is_dir() else source
    files = sorted(annotations.glob("*.xml"), key=lambda path: natural(path.name))
    if not files:
        raise DatasetError(f"{source}: holds no XML files; need Annotations/NAME.xml beside JPEGImages/NAME.jpg.")
    images = next((source / name for name in ("JPEGImages", "images") if (source / name).is_dir()), annotations)
    drops = Drops()
    partition = _partition(source, {file.stem for file in files}, drops)
    return Source(_records(files, images, partition, drops), drops=drops)


def _partition(source: Path, annotated: set[str], drops: Drops) -> dict[str, str]:
    split_of: dict[str, str] = {}
    for split in SPLITS:
        file = source / "ImageSets" / "Main" / f"{split}.txt"
        for number, line in read_lines(file) if file.is_file() else ():
            name = line.strip()
            if name not in annotated:
                name = name.split(maxsplit=1)[0] if name else ""  # a second column marks presence of a class
            if not name:
                continue
            if name not in annotated:
                drops.add("missing annotation", name, f"{file}: line {number} names it, and there is no {name}.xml")
            elif split_of.setdefault(name, split) != split:
                raise DatasetError(
                    f"{file}: line {number}: {name} is in {split_of[name]} already; a photo has one split."
                )
    return split_of


def _records(files: Sequence[Path], images: Path, split_of: dict[str, str], drops: Drops) -> Iterator[Record]:
    photos = {path.stem: path for path in sorted(images.iterdir()) if path.suffix.lower() in EXTENSIONS}
    for file in files:
        if split_of and file.stem not in split_of:
            drops.add("in no split", file.stem, f"{file} is in none of ImageSets/Main/{', '.join(SPLITS)}.txt")
            continue
        try:
            root = parse(file.read_bytes())
        except ValueError as error:
            drops.add("malformed annotation", str(file), str(error))
            continue
        boxes: list[Box] = []
        labels: list[str] = []
        crowd: list[bool] = []
        rejected = 0
        for i, item in enumerate(root.iter("object")):
            label = (item.findtext("name") or "").strip()
            try:
                edges = [float(item.findtext(f"bndbox/{edge}") or "") for edge in ("xmin", "ymin", "xmax", "ymax")]
            except ValueError:
                drops.add("malformed box", str(file), f"object {label!r} has no bndbox of four numbers", i)
                rejected += 1
                continue
            if not label:
                drops.add("unknown class", str(file), "the object has no name", i)
                rejected += 1
                continue
            boxes.append((edges[0] - 1, edges[1] - 1, edges[2], edges[3]))
            labels.append(label)
            crowd.append((item.findtext("difficult") or "0").strip() == "1")
        named = Path((root.findtext("filename") or "").strip().replace("\\", "/")).name
        image = (
            images / named
            if named and (images / named).is_file()
            else photos.get(file.stem, images / (named or file.stem))
        )
        size = size_of(root.findtext("size/width"), root.findtext("size/height"))
        split = split_of.get(file.stem)
        yield Record(
            image, file.stem, tuple(boxes), tuple(labels), str(file), split, tuple(crowd), size, rejected=rejected
        )


def annotation(example: Example, file_name: str) -> str:
    """The XML file of an example."""
    truth = example.annotations
    assert truth.crowd is not None
    objects = "".join(
        f"""  <object>
    <name>{escape(label)}</name>
    <difficult>{int(crowd)}</difficult>
    <bndbox><xmin>{x1 + 1:.10g}</xmin><ymin>{y1 + 1:.10g}</ymin><xmax>{x2:.10g}</xmax><ymax>{y2:.10g}</ymax></bndbox>
  </object>
"""
        for (x1, y1, x2, y2), label, crowd in zip(truth.boxes_xyxy.tolist(), truth.labels, truth.crowd, strict=True)
    )
    width, height = truth.size_wh
    return f"""<annotation>
  <folder>JPEGImages</folder>
  <filename>{escape(file_name)}</filename>
  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>
  <segmented>0</segmented>
{objects}</annotation>
"""
