"""One run of a recipe. It may be stopped after any batch and goes on to the same result, because
every frame, every epoch's order and every step draws from a seed of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict

import torch

from thermoscout_core.detection.priors import make_priors
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.evaluation.evaluation import Evaluation
from thermoscout_core.learning.loss import MultiboxLoss, class_weights
from thermoscout_core.learning.matching import Matcher
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.torch_prediction import evaluate_network
from thermoscout_core.learning.training import machine
from thermoscout_core.learning.training.companion import Companion
from thermoscout_core.learning.training.frames import AugmentedFrames, Batch
from thermoscout_core.learning.training.history import EpochRecord
from thermoscout_core.learning.training.interrupts import Interrupts, StopRequested
from thermoscout_core.learning.training.material import gather
from thermoscout_core.learning.training.optimiser import freeze, make_optimiser, set_learning_rate
from thermoscout_core.learning.training.progress import EpochReport, EpochSums
from thermoscout_core.learning.training.run_files import RunFiles
from thermoscout_core.learning.training.run_folder import BEST, EMA, locked
from thermoscout_core.learning.training.start import begin
from thermoscout_core.learning.training.step import (
    TrainingDiverged,
    TrainingStep,
    make_repeatable,
)
from thermoscout_core.learning.training.tensorboard import TensorboardLog
from thermoscout_core.learning.training.weight_average import WeightAverage


class Trainer:
    """notes: what the user should know before it runs, a line each. report: called after every
    batch and epoch. companion: what else it learns from or holds to, as compression does."""

    def __init__(
        self,
        config: TrainConfig,
        report: Callable[[EpochReport], None],
        companion: Companion | None = None,
    ) -> None:
        self.config, self.report = config, report
        self.device = make_repeatable(config)
        self.material = gather(config)
        self.network, self.architecture, told = begin(config, self.material)
        self.notes = [*told, *self.material.warnings()]
        still = freeze(self.network, config.schedule, config.model.input_size_px)
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.companion = (companion or Companion()).to(self.device)
        self.companion.begin(self.network)
        self.average = WeightAverage(self.network, config.schedule.ema_decay)
        self.optimiser = make_optimiser(self.network, config.schedule, self.companion.parameters())
        priors = make_priors(self.architecture.levels)
        self.frames = AugmentedFrames(
            self.material.samples, config, self.material.classes, Matcher(priors)
        )
        weights = class_weights(config.loss, self.material.classes, self.material.boxes)
        loss = MultiboxLoss(
            config.loss,
            torch.from_numpy(priors).to(self.device),
            None if weights is None else weights.to(self.device),
        )
        self.step = TrainingStep(
            self.network,
            loss,
            self.optimiser,
            config.schedule,
            still,
            self.device,
            self.companion,
        )
        self.files = RunFiles(config, self.architecture, self.material, self.network, self.device)
        self.interrupts = Interrupts()
        self.tensorboard = TensorboardLog(config.output) if config.tensorboard else None
        self.epoch, self.steps, self.best_ap, self.stale = 0, 0, math.nan, 0
        self.sums, self.history = EpochSums(), list[EpochRecord]()
        self._saved_at = time.monotonic()

    @property
    def batches(self) -> int:
        """Per epoch."""
        return self.frames.batch_count

    def resume(self) -> bool:
        """Go on where the run in the output folder was stopped; False when there is none.

        Raises ModelError when it is of another architecture or can't be read.
        """
        found = self.files.read_state()
        if found is None:
            return False
        state, changes = found
        self.network.load_state_dict(state["network"])
        self.average.load(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step.scaler.load_state_dict(state["scaler"])
        self.companion.load_state_dict(state.get("companion", {}))
        self.epoch, self.steps = state["epoch"], state["steps"]
        self.best_ap, self.stale = state["best_ap"], state["stale"]
        self.sums = EpochSums(**state["sums"])
        self.history = [EpochRecord(**record) for record in state["history"]]
        self.notes += changes
        return True

    def run(self) -> float:
        """Train to the end of the schedule; returns the best val mAP@0.5.

        Raises TrainingDiverged, CheckpointError (a full disk, or another training in the folder),
        and StopRequested after a signal, with everything saved.
        """
        with locked(self.config.output), self.interrupts.listening():
            try:
                while self.epoch < self.config.schedule.epochs and not self._out_of_patience():
                    self._train_epoch()
                    self._end_epoch()
            except StopRequested:
                self._save("interrupted")
                raise
            status = "stopped early" if self._out_of_patience() else "finished"
            self.files.write_history(self.history, status)
        if self.tensorboard is not None:
            self.tensorboard.close()
        return self.best_ap

    def _out_of_patience(self) -> bool:
        patience = self.config.schedule.patience
        return patience is not None and self.stale >= patience

    def _train_epoch(self) -> None:
        self.frames.epoch = self.epoch
        self.step.begin_epoch()
        started = time.monotonic() - self.sums.seconds
        for batch in self.frames.batches(self.sums.batches):
            self._learn(batch)
            self.sums.seconds = time.monotonic() - started
            if time.monotonic() - self._saved_at > self.config.schedule.save_every_minutes * 60:
                self._save("running")
            self.report(self._report(self.epoch + 1))
            self.interrupts.check()

    def _learn(self, batch: Batch) -> None:
        torch.manual_seed(self.config.seed + 1_000_003 * self.steps)
        set_learning_rate(self.optimiser, self.config.schedule, self.steps, self.batches)
        self.companion.before_step(self.network, self.epoch)
        try:
            parts, gradient_norm = self.step(batch)
        except TrainingDiverged as error:
            raise TrainingDiverged(
                f"epoch {self.epoch + 1}, batch {self.sums.batches + 1}: {error}. Whatever "
                f"{self.config.output} holds is from before and good. Lower "
                "schedule.learning_rate and give the same command again: it goes on from there"
            ) from error
        self.companion.after_step(self.network)
        self.steps += 1
        self.average.update(self.network, self.steps)
        self.sums.add(len(batch.ids), parts, gradient_norm)

    def _end_epoch(self) -> None:
        """Validate where it is due, and write everything down."""
        schedule = self.config.schedule
        started = time.monotonic()
        due = (self.epoch + 1) % schedule.validate_every == 0 or self.epoch + 1 == schedule.epochs
        evaluation = self.validate() if due else None
        record = self._record(evaluation, time.monotonic() - started)
        self.history.append(record)
        self.epoch, self.sums = self.epoch + 1, EpochSums()
        if evaluation is not None:
            self._keep_best(record.val_map_50)
            self._save("running")
        if self.tensorboard is not None:
            self.tensorboard.add(record)
        self.report(self._report(self.epoch, record))
        self.interrupts.check()

    def validate(self) -> Evaluation:
        """The averaged weights on the val split, through the robot's pre- and postprocessing."""
        network = Ssd.build(self.architecture)
        network.load_state_dict({name: v.cpu() for name, v in self.average.weights.items()})
        return evaluate_network(network, self.architecture, self.material.val)

    def _record(self, evaluation: Evaluation | None, seconds: float) -> EpochRecord:
        return EpochRecord(
            epoch=self.epoch + 1,
            learning_rate=self.optimiser.param_groups[-1]["lr"],
            seconds=self.sums.seconds + seconds,
            memory_mb=machine.peak_memory_mb(self.device),
            val_map_50=evaluation.mean_ap if evaluation else math.nan,
            val_ap={result.name: result.ap for result in evaluation.classes} if evaluation else {},
            **self.sums.means(),
        )

    def _report(self, epoch: int, record: EpochRecord | None = None) -> EpochReport:
        done = self.batches if record else self.sums.batches
        means = asdict(record) if record else self.sums.means()
        return EpochReport(
            epoch=epoch,
            epochs=self.config.schedule.epochs,
            batch=done,
            batches=self.batches,
            loss=means["loss"],
            localisation=means["localisation"],
            classification=means["classification"],
            images_per_s=means["images_per_s"],
            memory_mb=machine.peak_memory_mb(self.device),
            mean_ap=record.val_map_50 if record else math.nan,
            best_ap=self.best_ap,
            val_ap=record.val_ap if record else {},
            seconds=record.seconds if record else math.nan,
        )

    def _keep_best(self, mean_ap: float) -> None:
        """Without a mean (too few val boxes) the latest counts as the best."""
        self.stale += 1
        if math.isnan(mean_ap) or math.isnan(self.best_ap) or mean_ap > self.best_ap:
            self.best_ap, self.stale = mean_ap, 0
            self.files.write_weights(BEST, self.average.weights, self.epoch, mean_ap)

    def _save(self, status: str) -> None:
        """State first, it is the truth; the others are made from it."""
        self.files.write_state(
            {
                "network": self.network.state_dict(),
                "average": self.average.weights,
                "optimiser": self.optimiser.state_dict(),
                "scaler": self.step.scaler.state_dict(),
                "companion": self.companion.state_dict(),
                "epoch": self.epoch,
                "steps": self.steps,
                "best_ap": self.best_ap,
                "stale": self.stale,
                "sums": self.sums.as_dict(),
                "history": [record.as_dict() for record in self.history],
            }
        )
        self.files.write_weights(EMA, self.average.weights, self.epoch, self._last_ap())
        self.files.write_history(self.history, status)
        self._saved_at = time.monotonic()

    def _last_ap(self) -> float:
        return self.history[-1].val_map_50 if self.history else math.nan
