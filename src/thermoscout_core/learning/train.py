"""Training of an SSD: what ``thermoscout train`` runs. Resumes at the last finished epoch to the
same result, because every epoch draws from a seed of its own."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from thermoscout_core.detection.priors import make_priors
from thermoscout_core.errors import ModelError, ThermoscoutError
from thermoscout_core.learning.checkpoint import (
    load_state,
    load_weights,
    save_state,
    save_weights,
)
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.data import Sample, ThermogramDataset
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.evaluate import Evaluation, evaluate_predictions
from thermoscout_core.learning.loss import Targets, multibox_loss
from thermoscout_core.learning.prior_fitting import fit_prior_levels
from thermoscout_core.learning.ssd import FeatureMaps, Ssd, SsdWithBoxes
from thermoscout_core.learning.torch_prediction import predict_with_torch
from thermoscout_core.learning.training_frames import AugmentedFrames, collate

BEST, EMA, STATE, LOG = (
    "best.safetensors",
    "ema.safetensors",
    "state.pt",
    "log.csv",
)


class TrainingDiverged(ThermoscoutError):
    """The loss became NaN or infinite; the last good checkpoint is kept."""


@dataclass(frozen=True)
class EpochReport:
    """What the progress display gets after each batch and epoch.

    epoch: the one under way or just finished, from 1. mean_ap: NaN when not validated.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    mean_ap: float = math.nan
    best_ap: float = math.nan

    @property
    def epochs_done(self) -> float:
        return self.epoch - 1 + self.batch / self.batches


class Trainer:
    """One run of a recipe. report: called after every batch; may raise KeyboardInterrupt, which
    loses no finished epoch."""

    def __init__(self, config: TrainConfig, report: Callable[[EpochReport], None]) -> None:
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.config, self.report = config, report
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        data = config.data
        self.dataset = ThermogramDataset(data.root, data.train_split)
        self.val = ThermogramDataset(data.root, data.val_split)
        self.samples = list(self.dataset.samples)
        for root in data.extra:
            self.samples += self._extra_samples(root)
        config.output.mkdir(parents=True, exist_ok=True)
        self.architecture, start = self._architecture()
        self.network = Ssd.build(self.architecture)
        self._initial_weights(start)
        self.network.features.low_precision = config.schedule.bf16
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.priors = torch.from_numpy(make_priors(self.architecture.levels))
        self.optimiser = self._make_optimiser()
        self.epoch, self.step, self.best_ap, self.stale = 0, 0, -1.0, 0

    def _extra_samples(self, root: Path) -> list[Sample]:
        extra = ThermogramDataset(root, "train")
        if extra.classes != self.dataset.classes:
            raise ThermoscoutError(f"{root}: classes.txt differs from {self.dataset.root}'s")
        return list(extra.samples)

    def _architecture(self) -> tuple[Architecture, dict[str, Tensor] | None]:
        model = self.config.model
        width_px, height_px = model.input_size_px
        classes = tuple(self.dataset.classes)
        if self.config.start_from is not None:
            weights, source, _ = load_weights(self.config.start_from)
            if source.classes != classes:
                raise ModelError(
                    f"{self.config.start_from}: trained for {', '.join(source.classes)}; "
                    f"the dataset has {', '.join(classes)}"
                )
            if source.design != model.design:
                raise ModelError(
                    f"{self.config.start_from}: is of another design than the recipe's model: "
                    f"{source.design} against {model.design}"
                )
            per_cell = [len(level.sizes) for level in source.levels]
        else:
            weights, source, per_cell = None, None, list(model.priors_per_cell)
        maps = FeatureMaps(model.design).map_sizes(width_px, height_px)
        sizes = np.concatenate([_box_sizes(sample) for sample in self.samples])
        levels = fit_prior_levels(sizes, maps, per_cell, self.config.seed)
        if source is not None and source.input_size_px == model.input_size_px:
            levels = list(source.levels)
        return Architecture(model.design, classes, model.input_size_px, tuple(levels)), weights

    def _initial_weights(self, start: dict[str, Tensor] | None) -> None:
        weights = self.config.model.imagenet_weights
        if start is not None:
            self.network.load_state_dict(start)
        elif weights is not None:
            self.network.features.backbone.load_imagenet(weights)

    def _make_optimiser(self) -> torch.optim.Optimizer:
        schedule = self.config.schedule
        groups: dict[tuple[bool, bool], list[Tensor]] = {}
        for name, parameter in self.network.named_parameters():
            key = (name.startswith("features.backbone."), parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
        return torch.optim.AdamW(
            [
                {
                    "params": parameters,
                    "factor": schedule.backbone_factor if in_backbone else 1.0,
                    "weight_decay": schedule.weight_decay if decays else 0.0,
                }
                for (in_backbone, decays), parameters in groups.items()
            ],
            lr=schedule.learning_rate,
        )

    def resume(self) -> bool:
        """Go on after the last finished epoch; False when there is none."""
        path = self.config.output / STATE
        if not path.is_file():
            return False
        state = load_state(path)
        if state["architecture"] != self.architecture.as_dict():
            raise ModelError(
                f"{path}: the run there has another architecture or other priors; "
                "choose another output folder, or start anew with --restart"
            )
        self.network.load_state_dict(state["network"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch, self.step = state["epoch"], state["step"]
        self.best_ap, self.stale = state["best_ap"], state["stale"]
        return True

    def run(self) -> float:
        """Train to the end of the schedule; returns the best val mAP@0.5."""
        schedule = self.config.schedule
        frames = AugmentedFrames(
            self.samples, self.config, list(self.architecture.classes), self.priors
        )
        while self.epoch < schedule.epochs:
            started = time.monotonic()
            frames.epoch = self.epoch
            loss = self._train_epoch(frames)
            self.epoch += 1
            mean_ap = math.nan
            if self.epoch % schedule.validate_every == 0 or self.epoch == schedule.epochs:
                mean_ap = self.validate().mean_ap
                self._keep_best(mean_ap)
            self._save(loss, mean_ap, time.monotonic() - started)
            count = math.ceil(len(frames) / schedule.batch_size)
            self.report(
                EpochReport(self.epoch, schedule.epochs, count, count, loss, mean_ap, self.best_ap)
            )
            if schedule.patience is not None and self.stale >= schedule.patience:
                break
        return self.best_ap

    def _train_epoch(self, frames: AugmentedFrames) -> float:
        schedule = self.config.schedule
        generator = torch.Generator().manual_seed(self.config.seed * 100_003 + self.epoch)
        loader = DataLoader(
            frames,
            schedule.batch_size,
            shuffle=True,
            generator=generator,
            num_workers=self.config.workers,
            collate_fn=collate,
            drop_last=len(frames) > schedule.batch_size,
        )
        self.network.train()
        total = 0.0
        for number, (images, targets) in enumerate(loader, 1):
            loss = self._train_batch(images, targets, len(loader), number)
            total += loss
            self.report(
                EpochReport(self.epoch + 1, schedule.epochs, number, len(loader), total / number)
            )
        return total / len(loader)

    def _train_batch(
        self, images: Tensor, targets: list[Targets], batches: int, number: int
    ) -> float:
        schedule = self.config.schedule
        self._set_learning_rate(batches)
        images = images.to(self.device, memory_format=torch.channels_last)
        targets = [Targets(t.labels.to(self.device), t.offsets.to(self.device)) for t in targets]
        offsets, logits = self.network(images)
        location, classification = multibox_loss(offsets, logits, targets)
        loss = location + classification
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingDiverged(
                f"the loss is {value} in epoch {self.epoch + 1}, batch {number} (localisation "
                f"{float(location)}, classification {float(classification)}); the last finished "
                f"epoch is kept in {self.config.output}. Lower schedule.learning_rate and resume"
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), schedule.clip_norm)
        self.optimiser.step()
        self.step += 1
        self._update_average()
        return value

    def _set_learning_rate(self, batches: int) -> None:
        schedule = self.config.schedule
        warmup = max(schedule.warmup_epochs * batches, 1)
        progress = self.step / max(schedule.epochs * batches, 1)
        factor = min(1.0, (self.step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in self.optimiser.param_groups:
            group["lr"] = schedule.learning_rate * group["factor"] * max(factor, 1e-3)

    def _update_average(self) -> None:
        decay = min(self.config.schedule.ema_decay, (1 + self.step) / (10 + self.step))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def validate(self) -> Evaluation:
        """The averaged weights on the val split, through the robot's pre- and postprocessing."""
        network = Ssd.build(self.architecture)
        network.load_state_dict({name: value.cpu() for name, value in self.average.items()})
        deployed = SsdWithBoxes(network, self.architecture.levels).eval()
        return evaluate_predictions(
            self.val, predict_with_torch(deployed, self.val, self.architecture.input_size_px)
        )

    def _keep_best(self, mean_ap: float) -> None:
        self.stale += 1
        if mean_ap > self.best_ap:
            self.best_ap, self.stale = mean_ap, 0
            notes = self._notes(mean_ap)
            save_weights(self.config.output / BEST, self.average, self.architecture, notes)

    def _notes(self, mean_ap: float) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "val_map_50": mean_ap,
            "recipe": self.config.portable(),
        }

    def _save(self, loss: float, mean_ap: float, seconds: float) -> None:
        output = self.config.output
        save_weights(output / EMA, self.average, self.architecture, self._notes(mean_ap))
        save_state(
            output / STATE,
            {
                "architecture": self.architecture.as_dict(),
                "network": self.network.state_dict(),
                "average": self.average,
                "optimiser": self.optimiser.state_dict(),
                "epoch": self.epoch,
                "step": self.step,
                "best_ap": self.best_ap,
                "stale": self.stale,
            },
        )
        log = output / LOG
        fresh = self.epoch == 1 or not log.is_file()
        with log.open("w" if fresh else "a", newline="") as opened:
            writer = csv.writer(opened)
            if fresh:
                writer.writerow(["epoch", "loss", "val_map_50", "seconds"])
            validated = "" if math.isnan(mean_ap) else f"{mean_ap:.4f}"
            writer.writerow([self.epoch, f"{loss:.4f}", validated, f"{seconds:.1f}"])


def _box_sizes(sample: Sample) -> np.ndarray[Any, np.dtype[np.float64]]:
    height, width = sample.counts.shape
    boxes = sample.annotation.boxes[~sample.annotation.difficult].astype(np.float64)
    return np.asarray((boxes[:, 2:] - boxes[:, :2]) / np.array([width, height]), np.float64)
