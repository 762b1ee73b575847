"""The training recipe, read from YAML and checked before anything runs.

The strings below the fields are their documentation: docs/recipe.md is written from them by
``python -m thermoscout_core.learning.recipe_page .``.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.augmentation.config import AugmentConfig
from thermoscout_core.learning.design import SEED_EXTRAS, Design


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DataSection(_Section):
    """Paths are taken relative to the working directory."""

    root: Path
    """Dataset folder: Thermoscout's own layout, VOC, COCO or YOLO."""
    train_split: str = "train"
    """The split that is learnt from."""
    val_split: str = "val"
    """The split that chooses the best epoch; keep a third one aside for the final figure."""
    extra: tuple[Path, ...] = ()
    """Further dataset folders with the same classes, whose split `train` is added."""
    simulated_ratio: float = Field(0.0, ge=0, le=10)
    """Simulated frames per real frame, new ones in every epoch."""
    in_memory: bool = True
    """Hold the frames in memory (0.2 MB each at 384×288); false reads them anew in every epoch."""


class ModelSection(_Section):
    """The design's choices (learning.design.Design), the input and the priors."""

    backbone: str = "mobilenet_v1"
    """A name in learning.backbones: mobilenet_v1, mobilenet_v2, vgg16, or stack of any block."""
    width: float = Field(1.0, gt=0, le=2)
    """Multiplies every channel count (the width multiplier; input_size_px is the other one)."""
    activation: Literal["relu6", "relu"] = "relu6"
    """After every convolution."""
    first_stride: Literal[8, 16] = 16
    """Stride of the finest map with priors; 8 finds smaller equipment and takes more time."""
    neck_channels: int = Field(0, ge=0, le=1024)
    """Channels of a top-down neck (feature pyramid); 0 is none."""
    extras: tuple[tuple[int, int], ...] = SEED_EXTRAS
    """(squeeze, outputs) of each map after the backbone's."""
    extra: Literal["full", "separable", "original"] = "full"
    """What those maps are made of: 3×3, depthwise separable (SSDLite), or SSD300's own layers
    without batch norm."""
    head: Literal["pointwise", "full", "separable"] = "pointwise"
    """1×1, 3×3 or depthwise separable predictors."""
    block: str = "residual"
    """Of the backbone stack: a name in learning.blocks with its arguments, as kenet(2, 2)."""
    widths: tuple[int, ...] = (64, 128, 256, 512)
    """Of the backbone stack: channels of each stage, from stride 4 on."""
    depths: tuple[int, ...] = (3, 4, 6, 3)
    """Of the backbone stack: blocks of each stage."""
    attention_reduction: int = Field(0, ge=0)
    """Knowledge enhancement of each map (seed 002); its narrow layer has 1/r of the channels, the
    seed's r is 16; 0 is none."""
    input_size_px: tuple[int, int] = (300, 300)
    """(width, height) that frames are resized to."""
    priors_per_cell: tuple[int, ...] = (3, 6, 6, 6, 6, 6)
    """One count a feature map."""
    priors: Literal["fitted", "seed", "ssd300"] = "fitted"
    """Their sizes: fitted to the training boxes, or those of the papers: seed is MobileNet-SSD's
    (3 or 6 a cell), ssd300 is Liu et al.'s (4 or 6)."""
    priors_from: Path | None = None
    """Weights (.safetensors) whose priors' sizes are taken instead, as fractions of the frame: so
    that they can be this network's teacher later."""
    imagenet_weights: Path | None = None
    """A file that the backbone knows to read; null starts from random weights."""

    @property
    def design(self) -> Design:
        return Design(**{entry.name: getattr(self, entry.name) for entry in fields(Design)})


class LossSection(_Section):
    """What is minimised: classification + location_weight · localisation."""

    classification: Literal["hard_negatives", "focal"] = "hard_negatives"
    """Cross entropy over boxes and the hardest background (Liu et al. 2016), or focal loss over
    everything (Lin et al. 2017)."""
    negatives_per_positive: float = Field(3.0, gt=0)
    """Background priors per prior on equipment, of each frame; for hard_negatives."""
    focal_gamma: float = Field(2.0, ge=0)
    """How fast well-classified priors lose their weight; for focal."""
    focal_alpha: float = Field(0.25, gt=0, lt=1)
    """Weight of equipment; background has one minus it; for focal."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Part of the target that is spread over all classes; helps where labels are unsure."""
    class_weights: dict[str, float] | Literal["balanced"] | None = None
    """Weight of each class's boxes, 1 where not named; balanced is 1/√(number of boxes), its mean
    over the boxes 1."""
    localisation: Literal["smooth_l1", "giou", "ciou"] = "smooth_l1"
    """Of the offsets (SSD), or of the boxes' overlap: giou (Rezatofighi et al. 2019) or ciou
    (Zheng et al. 2020)."""
    location_weight: float = Field(1.0, gt=0)
    """Against the classification; 2 or more suits giou and ciou."""


class ScheduleSection(_Section):
    """Optimiser, learning rate and when to stop."""

    epochs: int = Field(100, ge=1)
    """Passes over the training frames."""
    batch_size: int = Field(16, ge=1)
    """Frames per step of the optimiser."""
    accumulate: int = Field(1, ge=1)
    """Parts that a batch goes through the network in, to need less memory: gradients add up."""
    optimiser: Literal["adamw", "sgd"] = "adamw"
    """AdamW wants learning rates about 0.001, SGD about 0.01."""
    learning_rate: float = Field(1e-3, gt=0)
    """Its peak, of the new layers; it falls to nothing along half a cosine."""
    backbone_factor: float = Field(0.3, ge=0, le=1)
    """Part of the learning rate that the backbone gets."""
    momentum: float = Field(0.9, ge=0, lt=1)
    """Of SGD (Nesterov's)."""
    weight_decay: float = Field(0.05, ge=0)
    """Of the kernels; AdamW wants about 0.05, SGD about 0.0005."""
    warmup_epochs: float = Field(2.0, ge=0)
    """The learning rate rises evenly from nothing over so many epochs."""
    clip_norm: float = Field(10.0, gt=0)
    """Gradients are shortened to that length."""
    freeze_below_stride: Literal[0, 2, 4, 8, 16, 32] = 0
    """Backbone layers on maps finer than this stride stay as they are; 0 trains all."""
    freeze_batch_norm: bool = False
    """The backbone's batch norms keep their statistics, scale and shift: for batches below 8."""
    ema_decay: float = Field(0.998, ge=0, lt=1)
    """Of the running average of the weights, which is what is validated and kept; 0 is none."""
    precision: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Of backbone and neck while training. auto: bfloat16 on CPUs and GPUs that compute in it,
    float16 (with loss scaling) on older GPUs, float32 on older CPUs, where bfloat16 takes several
    times as long. Weights are always float32."""
    validate_every: int = Field(5, ge=1)
    """Epochs between validations."""
    patience: int | None = Field(None, ge=1)
    """Validations without a new best before training stops early; null never does."""
    save_every_minutes: float = Field(5.0, ge=0)
    """How much a power cut may cost; Ctrl-C costs nothing."""


class TrainConfig(_Section):
    """A whole recipe."""

    data: DataSection
    model: ModelSection = ModelSection()
    loss: LossSection = LossSection()
    schedule: ScheduleSection = ScheduleSection()
    augment: AugmentConfig = AugmentConfig()
    output: Path
    """Folder of checkpoints, log and curves; a run found there goes on."""
    start_from: Path | None = None
    """Weights (.safetensors) of another run to start from: what fits is taken, also from a
    network with other classes or another input."""
    seed: int = Field(0, ge=0)
    """Of everything random; the same seed on the same machine gives the same weights."""
    deterministic: bool = True
    """On a GPU: only algorithms that repeat, as far as there are any; false is faster."""
    workers: int = Field(1, ge=0, le=64)
    """Processes that prepare frames; 0 prepares them in between."""
    threads: int = Field(2, ge=1)
    """CPU threads of the network."""
    tensorboard: bool = False
    """Also write TensorBoard's event files into the output folder."""

    def portable(self) -> dict[str, Any]:
        """The recipe as JSON values for a model's file: of paths only the last part, so that no
        folder of the machine that trained it travels along."""
        content: dict[str, Any] = _last_parts(self.model_dump())
        return content


def _last_parts(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, dict):
        return {key: _last_parts(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_last_parts(entry) for entry in value]
    return value


def load_train_config(path: Path) -> TrainConfig:
    """Read a recipe. Raises ConfigurationError naming the file and every offending key."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: can't be read as YAML: {error}") from error
    try:
        return TrainConfig.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in entry['loc']) or 'recipe'}: {entry['msg']}"
            for entry in error.errors()
        )
        raise ConfigurationError(f"{path}: {problems}") from error
