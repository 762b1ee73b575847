"""What the steps of a recipe work with: its data, its trainer, its measure of accuracy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor

from thermoscout_core.detection.contract import DECODED, network_input
from thermoscout_core.detection.detector import Detector
from thermoscout_core.detection.priors import make_priors
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import Counts
from thermoscout_core.learning.augmentation.config import AugmentConfig
from thermoscout_core.learning.compression.distillation.companion import Teacher
from thermoscout_core.learning.compression.distillation.teaching import (
    DENSE,
    TeacherName,
    Teaching,
    files_of,
)
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError, Section
from thermoscout_core.learning.compression.weights.masks import FixedMasks
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
from thermoscout_core.learning.evaluation.prediction import (
    SCORE_FLOOR,
    joint_classes,
    predict_samples,
)
from thermoscout_core.learning.export import write_metadata, write_onnx
from thermoscout_core.learning.folding import fold_batch_norm
from thermoscout_core.learning.loss import MultiboxLoss
from thermoscout_core.learning.matching import Matcher
from thermoscout_core.learning.ssd import Ssd, SsdWithBoxes
from thermoscout_core.learning.torch_prediction import evaluate_network
from thermoscout_core.learning.training.companion import Companion, Companions
from thermoscout_core.learning.training.frames import AugmentedFrames, Batch
from thermoscout_core.learning.training.progress import EpochReport
from thermoscout_core.learning.training.run_folder import BEST, EMA
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
    teacher: TeacherName | None = None
    """Stands beside every training of the recipe: dense, the recipe's model, or a weights file
    with the same priors and classes. It gives pruned networks their accuracy back. Null: none."""
    distillation: Teaching = Teaching()
    """What its word weighs."""
    seed: int = Field(0, ge=0)
    """Of everything random."""
    workers: int = Field(1, ge=0)
    """Processes that prepare frames; 0 prepares them in between."""
    threads: int = Field(2, ge=1)
    """CPU threads, of training and of measuring accuracy."""

    @property
    def reads(self) -> tuple[Path, ...]:
        """Files that trainings depend on."""
        return () if self.teacher is None else files_of((self.teacher,))


@dataclass
class Workbench:
    """say: takes a line for the user. report: called after every batch and epoch of a training.
    dense: the weights that the recipe began with."""

    data: DataSection
    training: TrainingSection
    say: Callable[[str], None] = print
    report: Callable[[EpochReport], None] = lambda _: None
    dense: Path | None = None

    @cached_property
    def train(self) -> Dataset:
        return open_dataset(self.data.root, self.data.train_split)

    @cached_property
    def val(self) -> Dataset:
        return open_dataset(self.data.root, self.data.val_split)

    def calibration_frames(self, number: int) -> list[Counts]:
        """Frames of the training split. Raises DatasetError for an empty one."""
        return self.train.spread_frames(number)

    def real_images(self, architecture: Architecture, number: int) -> Iterator[Tensor]:
        """Those frames as a network reads them (N, 3, H, W), a few at a time, every second one
        mirrored."""
        seen = []
        for index, frame in enumerate(self.calibration_frames(number)):
            image = torch.from_numpy(
                network_input(to_8bit_view(frame), architecture.input_size_px)
            )
            seen.append(image.flip(3) if index % 2 else image)
            if len(seen) == FRAMES_AT_ONCE:
                yield torch.cat(seen)
                seen = []
        if seen:
            yield torch.cat(seen)

    def mean_ap(self, network: Ssd, architecture: Architecture) -> float:
        """mAP@0.5 on val in ONNX Runtime, which takes a third of torch's time: for sweeps."""
        folded = fold_batch_norm(SsdWithBoxes(network, architecture.levels).eval())
        with tempfile.TemporaryDirectory(prefix="thermoscout-sweep-") as folder:
            path = Path(folder) / "network.onnx"
            write_onnx(folded, path, architecture.input_size_px, DECODED, batch=1)
            write_metadata(path, {"classes": list(architecture.classes)})
            return map_of_file(path, self.val, self.training.threads)

    def evaluate(self, network: Ssd, architecture: Architecture) -> Evaluation:
        """A network in torch on val."""
        return evaluate_network(network, architecture, self.val)

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
        *,
        hold_zeros: bool = True,
        keep_start: bool = True,
    ) -> Model:
        """Train a model on, or go on with what lies in folder; returns the best epoch on val.

        epochs, learning_rate: instead of the recipe's; 0 epochs leave the model as it is.
        companion: the step's own; the recipe's teacher comes to it unless it is one itself.
        hold_zeros: what weight pruning has set to zero stays there. keep_start: where no epoch is
        better than the model was, that is handed back; False where the training is there to change
        it: then the last epoch is, whatever others had on val.
        Raises StopRequested after a signal, with everything saved, CompressionError for a teacher
        that can't teach it, and what training raises.
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
        trainer = Trainer(
            config.model_copy(update={"schedule": schedule}),
            self.report,
            self._companions(model, companion, hold_zeros),
        )
        trainer.resume()
        best = trainer.run()
        if not keep_start:
            return Model.load(folder / EMA)
        before = self.evaluate(model.network, model.architecture).mean_ap
        if before >= best:
            self.say(f"  no epoch is better than before, {before:.4f}: it stays as it was")
            return model
        return Model.load(folder / BEST)

    def _companions(self, model: Model, own: Companion | None, hold_zeros: bool) -> Companion:
        found: list[Companion] = [FixedMasks()] if hold_zeros else []
        if own is not None:
            found.append(own)
        name, teaching = self.training.teacher, self.training.distillation
        if name is not None and not isinstance(own, Teacher):
            location_weight = self.training.loss.location_weight
            found.append(Teacher(self.teachers([name]), model, teaching, location_weight))
        return Companions(found)

    def teachers(self, names: Sequence[TeacherName]) -> list[Model]:
        """The models of that name. Raises ModelError when one is missing, broken or foreign."""
        paths = [self.dense if name == DENSE else Path(name) for name in names]
        if None in paths:
            raise CompressionError("teacher: there is no dense model here; name a weights file")
        return [Model.load(path) for path in paths if path is not None]


def map_of_file(path: Path, dataset: Dataset, threads: int) -> float:
    """mAP@0.5 of an ONNX file as the robot runs it."""
    detector = Detector.load(path, score_threshold=SCORE_FLOOR, threads=threads)
    classes = joint_classes(detector, dataset.classes, dataset.root)
    predictions = predict_samples(detector, classes, dataset.samples)
    return evaluate_predictions(dataset, predictions).mean_ap
