"""``outfitter adopt`` with a backbone's weights from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import timm
from safetensors.torch import save_file

from outfitter.embeddings import Embedder
from outfitter.learn.adopt import drawn_crops
from tests.cli.conftest import Outfitter


def test_a_backbone_becomes_a_model_folder(outfitter: Outfitter, tmp_path: Path) -> None:
    backbone = timm.create_model("mobilenetv3_small_050")  # with its classifier, as published files have it
    save_file(backbone.state_dict(), tmp_path / "weights.safetensors")
    out = tmp_path / "model"
    command = ("adopt", "timm:mobilenetv3_small_050", "--weights", tmp_path / "weights.safetensors", "--out", out)
    refused = outfitter(*command)
    assert refused.code == 2
    assert "need --licence" in refused.err
    assert not out.exists()
    misspelt = outfitter("adopt", "fashion-klip", "--out", out)
    assert misspelt.code == 2
    assert "did you mean 'fashion-clip'" in misspelt.err
    done = outfitter(*command, "--licence", "Apache-2.0")
    assert done.code == 0, done.err
    embedder = Embedder(out)
    given = drawn_crops(embedder.input.side, 3)
    found = embedder(given).vectors
    assert found.shape == (len(given), embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    assert embedder.manifest.sources[0].licence == "Apache-2.0"
