"""What the steps of a recipe work with: its data, its trainer, its measure of accuracy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import DECODED, network_input
from thermoscout_core.detection.postprocess import Selection, select
from thermoscout_core.detection.priors import Floats, make_priors
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import Counts
from thermoscout_core.learning.augmentation.config import AugmentConfig
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import Section
from thermoscout_core.learning.config import (
    DataSection,
    LossSection,
    ModelSection,
    ScheduleSection,
    TrainConfig,
)
from thermoscout_core.learning.data import Dataset, open_dataset
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.evaluation.evaluation import Evaluation, evaluate_predictions
from thermoscout_core.learning.evaluation.matching import Prediction
from thermoscout_core.learning.evaluation.prediction import SCORE_FLOOR
from thermoscout_core.learning.export import write_metadata, write_onnx
from thermoscout_core.learning.folding import fold_batch_norm
from thermoscout_core.learning.loss import MultiboxLoss
from thermoscout_core.learning.matching import Matcher
from thermoscout_core.learning.ssd import Ssd, SsdWithBoxes
from thermoscout_core.learning.training.companion import Companion
from thermoscout_core.learning.training.frames import AugmentedFrames, Batch
from thermoscout_core.learning.training.progress import EpochReport
from thermoscout_core.learning.training.run_folder import BEST
from thermoscout_core.learning.training.trainer import Trainer

FRAMES_AT_ONCE = 4
"""Of training_batches; more would take more memory and tell no more."""
START = "start.safetensors"


class TrainingSection(Section):
    """How steps fine-tune: the sections of a training recipe (docs/recipe.md)."""

    loss: LossSection = LossSection()
    schedule: ScheduleSection = ScheduleSection(
        epochs=10,
        learning_rate=3e-4,
        backbone_factor=1.0,
        warmup_epochs=0.5,
        ema_decay=0.99,
        validate_every=2,
    )
    augment: AugmentConfig = AugmentConfig()
    seed: int = Field(0, ge=0)
    """Of everything random."""
    workers: int = Field(1, ge=0)
    """Processes that prepare frames; 0 prepares them in between."""
    threads: int = Field(2, ge=1)
    """CPU threads, of training and of measuring accuracy."""


@dataclass
class Workbench:
    """say: takes a line for the user. report: called after every batch and epoch of a training."""

    data: DataSection
    training: TrainingSection
    say: Callable[[str], None] = print
    report: Callable[[EpochReport], None] = lambda _: None
    _inputs: dict[tuple[int, int], list[Tensor]] = field(default_factory=dict)

    @cached_property
    def train(self) -> Dataset:
        return open_dataset(self.data.root, self.data.train_split)

    @cached_property
    def val(self) -> Dataset:
        return open_dataset(self.data.root, self.data.val_split)

    def calibration_frames(self, number: int) -> list[Counts]:
        """Frames of the training split, evenly spread. Raises DatasetError for an empty one."""
        step = max(1, len(self.train) // number)
        chosen = range(0, len(self.train), step)[:number]
        return [self.train[index].counts for index in chosen]

    def mean_ap(self, network: Ssd, architecture: Architecture) -> float:
        """mAP@0.5 on val in ONNX Runtime, which takes a third of torch's time: for sweeps."""
        folded = fold_batch_norm(SsdWithBoxes(network, architecture.levels).eval())
        with tempfile.TemporaryDirectory(prefix="thermoscout-sweep-") as folder:
            path = Path(folder) / "network.onnx"
            write_onnx(folded, path, architecture.input_size_px, DECODED, batch=1)
            write_metadata(path, {"classes": list(architecture.classes)})
            backend = OnnxRuntimeBackend(path, self.training.threads)

        def answer(images: Tensor) -> tuple[Floats, Floats]:
            outputs = backend.run({"images": images.numpy()})
            return outputs["boxes"], outputs["scores"]

        return self._evaluate(answer, architecture).mean_ap

    def evaluate(self, network: Ssd, architecture: Architecture) -> Evaluation:
        """A network in torch on val, through the robot's pre- and postprocessing."""
        deployed = SsdWithBoxes(network, architecture.levels).eval()

        def answer(images: Tensor) -> tuple[Floats, Floats]:
            with torch.inference_mode():
                boxes, scores = deployed(images)
            return boxes.numpy(), scores.numpy()

        return self._evaluate(answer, architecture)

    def _evaluate(
        self, answer: Callable[[Tensor], tuple[Floats, Floats]], architecture: Architecture
    ) -> Evaluation:
        selection = Selection(score_threshold=SCORE_FLOOR)
        found = []
        for sample, images in zip(
            self.val.samples, self._val_inputs(architecture.input_size_px), strict=True
        ):
            boxes, scores = answer(images)
            kept, kept_scores, labels = select(boxes[0], scores[0, :, 1:], selection)
            height, width = sample.counts.shape
            pixels = kept * np.array([width, height, width, height], np.float32)
            found.append(Prediction(pixels, kept_scores, labels))
        return evaluate_predictions(self.val, found)

    def _val_inputs(self, size_px: tuple[int, int]) -> list[Tensor]:
        if size_px not in self._inputs:
            self._inputs[size_px] = [
                torch.from_numpy(network_input(to_8bit_view(sample.counts), size_px))
                for sample in self.val.samples
            ]
        return self._inputs[size_px]

    def training_batches(self, model: Model, number: int) -> Iterator[Batch]:
        """About that many augmented training frames with their targets, a few at a time, always
        the same."""
        config = self.training_recipe(model.architecture, Path("unused"), None)
        schedule = config.schedule.model_copy(update={"batch_size": FRAMES_AT_ONCE})
        config = config.model_copy(update={"workers": 0, "schedule": schedule})
        priors = make_priors(model.architecture.levels)
        frames = AugmentedFrames(self.train.samples, config, self.train.classes, Matcher(priors))
        while number > 0:
            for batch in frames.batches():
                yield batch
                number -= len(batch.ids)
                if number <= 0:
                    return
            frames.epoch += 1

    def loss(self, model: Model) -> MultiboxLoss:
        """The recipe's loss on the model's priors."""
        priors = torch.from_numpy(make_priors(model.architecture.levels))
        return MultiboxLoss(self.training.loss, priors)

    def training_recipe(
        self, architecture: Architecture, folder: Path, start_from: Path | None
    ) -> TrainConfig:
        """The recipe's training of a network of that architecture."""
        size_px, levels = architecture.input_size_px, architecture.levels
        section = ModelSection(
            **asdict(architecture.design),
            input_size_px=size_px,
            priors_per_cell=tuple(len(level.sizes) for level in levels),
        )
        return TrainConfig(
            data=self.data,
            model=section,
            loss=self.training.loss,
            schedule=self.training.schedule,
            augment=self.training.augment,
            output=folder,
            start_from=start_from,
            seed=self.training.seed,
            workers=self.training.workers,
            threads=self.training.threads,
        )

    def finetune(
        self,
        model: Model,
        folder: Path,
        epochs: int | None = None,
        companion: Companion | None = None,
        learning_rate: float | None = None,
        hold_zeros: bool = True,
    ) -> Model:
        """Train a model on, or go on with what lies in folder; the best epoch on val.

        epochs, learning_rate: instead of the recipe's; 0 epochs leave the model as it is.
        hold_zeros: what weight pruning has set to zero stays there. Raises
        StopRequested after a signal, with everything saved, and what training raises.
        """
        if epochs == 0:
            return model
        if list(self.train.classes) != list(model.architecture.classes):
            raise ConfigurationError(
                f"{self.data.root}: its classes ({', '.join(self.train.classes)}) aren't the "
                f"model's ({', '.join(model.architecture.classes)}), so it can't fine-tune it"
            )
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / START).is_file():
            model.save(folder / START)
        config = self.training_recipe(model.architecture, folder, folder / START)
        changes = {"epochs": epochs, "learning_rate": learning_rate}
        given = {name: value for name, value in changes.items() if value is not None}
        schedule = config.schedule.model_copy(update=given)
        trainer = Trainer(config.model_copy(update={"schedule": schedule}), self.report, companion)
        trainer.resume()
        trainer.run()
        return Model.load(folder / BEST)
