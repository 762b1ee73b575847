"""The training recipe, read from YAML and checked before anything runs."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.augment import AugmentConfig
from thermoscout_core.learning.design import SEED_EXTRAS, Design


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSection(_Section):
    """Paths are taken relative to the recipe's working directory.

    extra: further datasets whose split ``train`` is added. simulated_ratio: simulated frames
    per real frame in every epoch.
    """

    root: Path
    train_split: str = "train"
    val_split: str = "val"
    extra: tuple[Path, ...] = ()
    simulated_ratio: float = Field(0.0, ge=0, le=10)


class ModelSection(_Section):
    """The design's choices (learning.design.Design), the input and the priors.

    input_size_px: (width, height). priors_per_cell: one count per feature map. imagenet_weights:
    a file that the backbone knows to read; null starts from random weights.
    """

    backbone: str = "mobilenet_v1"
    width: float = Field(1.0, gt=0, le=2)
    activation: Literal["relu6", "relu"] = "relu6"
    first_stride: Literal[8, 16] = 16
    neck_channels: int = Field(0, ge=0, le=1024)
    extras: tuple[tuple[int, int], ...] = SEED_EXTRAS
    head: Literal["pointwise", "full", "separable"] = "pointwise"
    extra: Literal["full", "separable", "original"] = "full"
    block: str = "residual"
    widths: tuple[int, ...] = (64, 128, 256, 512)
    depths: tuple[int, ...] = (3, 4, 6, 3)
    attention_reduction: int = Field(0, ge=0)
    input_size_px: tuple[int, int] = (300, 300)
    priors_per_cell: tuple[int, ...] = (3, 6, 6, 6, 6, 6)
    imagenet_weights: Path | None = None

    @property
    def design(self) -> Design:
        return Design(**{entry.name: getattr(self, entry.name) for entry in fields(Design)})


class ScheduleSection(_Section):
    """learning_rate: of the new layers; the backbone gets backbone_factor of it. validate_every:
    epochs. patience: validations without a better one before stopping, None never stops."""

    epochs: int = Field(100, ge=1)
    batch_size: int = Field(16, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    backbone_factor: float = Field(0.3, ge=0, le=1)
    weight_decay: float = Field(0.05, ge=0)
    warmup_epochs: float = Field(2.0, ge=0)
    ema_decay: float = Field(0.998, ge=0, lt=1)
    clip_norm: float = Field(10.0, gt=0)
    validate_every: int = Field(5, ge=1)
    patience: int | None = Field(None, ge=1)
    bf16: bool = True


class TrainConfig(_Section):
    """A whole recipe. output: folder of checkpoints and logs; start_from: a safetensors file
    whose fitting tensors and priors are taken over (fine-tuning)."""

    data: DataSection
    model: ModelSection = ModelSection()
    schedule: ScheduleSection = ScheduleSection()
    augment: dict[str, float] = Field(default_factory=dict)
    output: Path
    start_from: Path | None = None
    seed: int = 0
    workers: int = Field(1, ge=0, le=64)
    threads: int = Field(2, ge=1)

    @model_validator(mode="after")
    def _known_augmentations(self) -> TrainConfig:
        unknown = sorted(set(self.augment) - set(AugmentConfig.__dataclass_fields__))
        if unknown:
            raise ValueError(f"augment: unknown key {', '.join(unknown)}")
        return self

    def portable(self) -> dict[str, Any]:
        """The recipe as JSON values for a model's file: of paths only the last part, so that no
        folder of the machine that trained it travels along."""
        content: dict[str, Any] = _last_parts(self.model_dump())
        return content

    @property
    def augmentation(self) -> AugmentConfig:
        return AugmentConfig(**self.augment)


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
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: can't be read as YAML: {error}") from error
    try:
        return TrainConfig.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in entry['loc']) or 'recipe'}: {entry['msg']}"
            for entry in error.errors()
        )
        raise ConfigurationError(f"{path}: {problems}") from error
