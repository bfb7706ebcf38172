"""Model folders: ``model.onnx`` + ``manifest.json``, the only place where training meets serving.

A manifest is written last, so a folder without one is an interrupted write. The model is checked against its
sha256 when it is loaded. Nothing in a model folder is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from outfitter.config import Options, parse
from outfitter.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL_FILE: Final = "model.onnx"
MANIFEST_FILE: Final = "manifest.json"
Device: TypeAlias = Literal["cpu", "cuda"]
"""What runs a model."""

SHIPPED: Final = Path(__file__).parent / "models"
"""Where the two models that come with Outfitter lie: ``detector`` and ``embedder``."""


class Source(Options):
    """Data or weights that went into a model, and the licence they came under."""

    name: str
    licence: str
    notice: str = ""


class DetectorInput(Options):
    """How a photo becomes the detector's input: uint8 (1, H, W, 3), RGB, resized with antialiasing.

    One of three ways:

    - `area`: to about so many pixels, whatever the photo's shape, so that every photo costs the same;
    - `fixed_wh`: to just this width and height, its shape given up (SSD);
    - `short_side` and `long_side`: the shape is kept; the shorter side becomes `short_side`, unless the longer one
      would then exceed `long_side` (the original's 600 and 1024).

    Both sides are rounded to multiples of `multiple_of` pixels.
    """

    area: int | None = Field(default=None, gt=0)
    fixed_wh: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] | None = None
    short_side: int | None = Field(default=None, gt=0)
    long_side: int | None = Field(default=None, gt=0)
    multiple_of: int = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        sides = (self.short_side, self.long_side)
        ways = (self.area is not None, self.fixed_wh is not None, sides != (None, None))
        if sum(ways) != 1 or sides.count(None) == 1:
            raise ValueError("give one of: area; fixed_wh; short_side with long_side")
        return self

    def size_for(self, size_wh: tuple[float, float]) -> tuple[int, int]:
        """The input's (width, height) in pixels for a photo of `size_wh`; at most 4 : 1, whatever the photo is."""
        if self.fixed_wh is not None:
            return self.fixed_wh
        aspect = min(max(size_wh[0] / size_wh[1], 0.25), 4.0)
        if self.area is not None:
            width, height = (self.area * aspect) ** 0.5, (self.area / aspect) ** 0.5
        else:
            assert self.short_side is not None
            assert self.long_side is not None
            longer = min(self.long_side, self.short_side * max(aspect, 1 / aspect))
            width, height = (longer, longer / aspect) if aspect >= 1 else (longer * aspect, longer)
        unit = self.multiple_of
        return max(1, round(width / unit)) * unit, max(1, round(height / unit)) * unit


class EmbedderInput(Options):
    """How garments become the embedder's input: uint8 (N, side, side, 3), RGB, cut by `crop_protocol`."""

    side: int = Field(gt=0)
    crop_protocol: str


class Manifest(Options):
    """What a model folder says of itself. `model_id` changes whenever the weights or the input do."""

    format: Literal[1] = 1
    kind: Literal["detector", "embedder"]
    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    detector_input: DetectorInput | None = None
    embedder_input: EmbedderInput | None = None
    class_names: tuple[str, ...] = ()
    score_threshold: float | None = Field(default=None, ge=0, le=1)
    photo_threshold: float | None = Field(default=None, ge=0, le=1)
    """Of a detector: nothing is found in a photo whose best detection is less sure than this."""
    dimensions: int | None = Field(default=None, gt=0)
    parts: Mapping[str, Annotated[int, Field(gt=0)]] = {}
    """Of an embedder whose vectors have parts that can be told apart: name → dimensions, in order."""
    parts_in_photo: Mapping[str, Annotated[float, Field(ge=0)]] = {}
    """How much each part counts, 1 in all, when the garment of a photo is compared with products: light and shade move
    shapes more than colours. Empty: as much as in the vectors."""
    recipe: str
    sources: tuple[Source, ...]
    metrics: Mapping[str, Any]

    @model_validator(mode="after")
    def _all_parts(self) -> Self:
        counted = self.parts_in_photo
        if counted and (set(counted) != set(self.parts) or abs(sum(counted.values()) - 1) > 1e-3):
            raise ValueError(f"parts_in_photo is {dict(counted)}; need a share of each of {list(self.parts)}, 1 in all")
        if self.parts and sum(self.parts.values()) != self.dimensions:
            raise ValueError(f"parts are {dict(self.parts)}; need all of the vector's dimensions, {self.dimensions}")
        return self

    @property
    def model_id(self) -> str:
        made_for = self.detector_input or self.embedder_input
        text = self.sha256 + (made_for.model_dump_json(exclude_none=True) if made_for else "")
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_model_folder(folder: Path, model: Path, manifest: Mapping[str, Any], notices: str) -> Manifest:
    """Make `folder` from an ONNX file, manifest values (without ``sha256``) and the licence notices.

    Raises:
        ModelError: the folder exists and is not empty, or is a file.
        ConfigError: the manifest's values are wrong.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder}: is a file; a model is a folder. Name a new folder.")
    if folder.exists() and any(folder.iterdir()):
        raise ModelError(f"{folder}: is not empty, and a model folder is never overwritten. Name a new folder.")
    checked = parse(Manifest, {**manifest, "sha256": sha256_of(model)}, "manifest")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, folder / MODEL_FILE)
    (folder / "NOTICE").write_text(notices, encoding="utf-8")
    text = json.dumps(checked.model_dump(mode="json", exclude_none=True), indent=2, ensure_ascii=False)
    (folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
    return checked


def read_manifest(folder: Path, kind: Literal["detector", "embedder"]) -> Manifest:
    """Read and check a model folder's manifest, and the model file's sha256.

    Raises:
        ModelError: no such folder, no manifest, another kind, or a file that does not match its sha256.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        what = "has no manifest.json (an interrupted export?)" if folder.is_dir() else "is not a folder"
        raise ModelError(f"{folder}: {what}; need a model folder as 'outfitter export' writes it.")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError(f"it holds {type(values).__name__}, not an object")
        manifest = parse(Manifest, values, str(path))
    except (ValueError, ConfigError) as error:
        raise ModelError(f"{path}: cannot be read: {error}. Export the model again.") from error
    if manifest.kind != kind:
        raise ModelError(f"{folder}: holds kind {manifest.kind!r}; need {kind!r}. Name the other folder.")
    model = folder / MODEL_FILE
    found = sha256_of(model) if model.is_file() else "no file"
    if found != manifest.sha256:
        raise ModelError(
            f"{model}: is damaged: sha256 is {found[:12]}, the manifest says {manifest.sha256[:12]}. "
            "Copy the folder again, reinstall outfitter, or export the model again."
        )
    return manifest


def open_session(folder: Path, threads: int | None, device: Device = "cpu") -> InferenceSession:
    """An onnxruntime session over a checked model folder. Its ``run`` is thread-safe and frees the GIL.

    threads: cores one ``run`` may use; None takes all. Give 1 where several threads call ``run`` at once.

    Raises:
        ModelError: onnxruntime cannot load the file, or cannot use a GPU.
    """
    import onnxruntime

    providers = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
    provider = providers[device]
    if provider not in onnxruntime.get_available_providers():
        raise ModelError(
            f"the onnxruntime {onnxruntime.__version__} that is installed cannot use a GPU. Run: "
            "pip uninstall onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]', or run the model on the CPU."
        )

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(folder / MODEL_FILE), options, providers=[provider])
    except Exception as error:  # onnxruntime raises bare classes of its own
        raise ModelError(
            f"{folder / MODEL_FILE}: onnxruntime cannot load it: {error}. Export the model again."
        ) from error
    if provider not in session.get_providers():  # it takes the CPU instead, and says so only in its log
        raise ModelError(
            "onnxruntime found no GPU that it can use. Check 'nvidia-smi' and that CUDA and cuDNN are there."
        )
    return session
