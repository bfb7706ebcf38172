"""tf.Example records against TensorFlow itself, where it is installed (it is no dependency of ours).

The parsing is what TensorFlow's Object Detection API does with these keys (``tf_example_decoder``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from outfitter.datasets import convert, load, tfexample
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import Slice, record_of
from outfitter.values import Annotations, Example
from tests.datasets.sources import write_photo

tf: Any = pytest.importorskip("tensorflow", reason="needs TensorFlow: pip install tensorflow-cpu")

SIZE = (61, 97)
BOXES = np.array([[3, 5, 40, 60], [0, 0, 61, 97]], np.float32)
EDGES = ("ymin", "xmin", "ymax", "xmax")
PREFIX = "image/object/bbox/"


def features() -> dict[str, Any]:
    return {
        "image/encoded": tf.io.FixedLenFeature((), tf.string),
        "image/format": tf.io.FixedLenFeature((), tf.string),
        "image/filename": tf.io.FixedLenFeature((), tf.string),
        "image/source_id": tf.io.FixedLenFeature((), tf.string),
        "image/height": tf.io.FixedLenFeature((), tf.int64),
        "image/width": tf.io.FixedLenFeature((), tf.int64),
        **{PREFIX + edge: tf.io.VarLenFeature(tf.float32) for edge in EDGES},
        "image/object/class/label": tf.io.VarLenFeature(tf.int64),
        "image/object/class/text": tf.io.VarLenFeature(tf.string),
    }


def test_tensorflow_reads_what_we_write(tmp_path: Path) -> None:
    picture = write_photo(tmp_path / "p.jpg", SIZE)
    names = ("top", "bottom", "long")
    examples = [
        Example(picture, "two", Annotations(BOXES, ("long", "top"), SIZE)),
        Example(picture, "none", Annotations(BOXES[:0], (), SIZE)),
    ]
    (tmp_path / "data").mkdir()
    write_splits(tmp_path / "data", [record_of(example) for example in examples], names)
    convert.convert(load(tmp_path / "data"), tmp_path / "out", "tfexample", workers=1)
    two, none = (
        tf.io.parse_single_example(record, features())
        for record in tf.data.TFRecordDataset(str(tmp_path / "out" / "train.record"))
    )
    pixels = tf.io.decode_image(two["image/encoded"]).numpy()
    apart = np.abs(pixels.astype(int) - np.asarray(Image.open(picture)).astype(int))
    assert two["image/encoded"].numpy() == picture.read_bytes()
    assert apart.mean() < 2  # two JPEG decoders
    assert two["image/format"].numpy() == b"jpeg"
    assert (int(two["image/width"]), int(two["image/height"])) == SIZE
    found = np.stack([tf.sparse.to_dense(two[PREFIX + edge]).numpy() for edge in EDGES], 1)
    np.testing.assert_allclose(found * [97, 61, 97, 61], BOXES[:, [1, 0, 3, 2]], rtol=1e-6)
    assert tf.sparse.to_dense(two["image/object/class/label"]).numpy().tolist() == [3, 1]
    assert tf.sparse.to_dense(two["image/object/class/text"]).numpy().tolist() == [b"long", b"top"]
    assert tf.sparse.to_dense(none["image/object/class/label"]).numpy().size == 0


def test_we_read_what_tensorflow_writes(tmp_path: Path) -> None:
    picture = write_photo(tmp_path / "p.jpg", SIZE)
    data = picture.read_bytes()

    def ints(*values: int) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    def texts(*values: bytes) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    def shares(values: Any) -> Any:
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    columns = {edge: BOXES[:, place] / SIZE[place % 2] for place, edge in enumerate(("xmin", "ymin", "xmax", "ymax"))}
    values = {
        "image/encoded": texts(data),
        "image/format": texts(b"jpeg"),
        "image/filename": texts(b"img/a.jpg"),
        "image/source_id": texts(b"img/a.jpg"),
        "image/height": ints(SIZE[1]),
        "image/width": ints(SIZE[0]),
        **{PREFIX + edge: shares(column) for edge, column in columns.items()},
        "image/object/class/text": texts(b"long", b"top"),
        "image/object/class/label": ints(3, 1),
    }
    example = tf.train.Example(features=tf.train.Features(feature=values))
    with tf.io.TFRecordWriter(str(tmp_path / "val.record")) as writer:
        writer.write(example.SerializeToString())
    source = tfexample.read(tmp_path / "val.record")
    (record,) = source.records
    assert not source.drops
    assert (record.name, record.split, record.labels, record.stated_wh) == ("img/a.jpg", "val", ("long", "top"), SIZE)
    np.testing.assert_allclose(np.array(record.boxes) * [*SIZE, *SIZE], BOXES, atol=1e-4)  # shares, until settled
    assert isinstance(record.image, Slice)
    assert record.image.read() == data
