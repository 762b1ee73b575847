"""One step of the training: loss, gradients, optimiser, in the recipe's precision."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thermoscout_core.errors import ConfigurationError, ThermoscoutError
from thermoscout_core.learning.config import ScheduleSection, TrainConfig
from thermoscout_core.learning.loss import MultiboxLoss
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training.companion import Companion, Seen
from thermoscout_core.learning.training.frames import Batch
from thermoscout_core.machine import has_bfloat16

AUTOCAST = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": None}


class TrainingDiverged(ThermoscoutError):
    """The loss or its gradient became NaN or infinite; the last good checkpoint is kept."""


class TrainingStep:
    """still: batch norms that stay in evaluation mode."""

    def __init__(
        self,
        network: Ssd,
        loss: MultiboxLoss,
        optimiser: torch.optim.Optimizer,
        schedule: ScheduleSection,
        still: Sequence[nn.Module],
        device: torch.device,
        companion: Companion | None = None,
    ) -> None:
        self.network, self.loss, self.optimiser = network, loss, optimiser
        self.schedule, self.still, self.device = schedule, still, device
        self.companion = companion or Companion()
        precision = precision_of(schedule, device)
        network.features.autocast = AUTOCAST[precision]
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "float16")

    def begin_epoch(self) -> None:
        """Into training mode, but for what is frozen."""
        self.network.train()
        for norm in self.still:
            norm.eval()

    def __call__(self, batch: Batch) -> tuple[tuple[float, float, float], float]:
        """Learn from a batch; returns localisation, classification and total loss, and the
        gradient's length. Raises TrainingDiverged before anything is changed."""
        positives = max(batch.positives, 1)
        self.optimiser.zero_grad(set_to_none=True)
        sums = (0.0, 0.0, 0.0)
        for part in batch.split(self.schedule.accumulate):
            images = part.images(self.device)
            offsets, logits = self.network(images)
            labels, wanted = part.labels.to(self.device), part.offsets.to(self.device)
            loss = self.loss(offsets, logits, labels, wanted, positives)
            seen = Seen(images, offsets, logits, labels, wanted, positives)
            total = self.companion.objective(loss, seen)
            values = (loss.localisation.item(), loss.classification.item(), total.item())
            if not math.isfinite(values[2]):
                raise TrainingDiverged(
                    f"the loss is {values[2]} (localisation {values[0]}, classification "
                    f"{values[1]}) on the frames {_named(part, offsets, logits)}"
                )
            sums = (sums[0] + values[0], sums[1] + values[1], sums[2] + values[2])
            self.scaler.scale(total).backward()  # type: ignore[no-untyped-call]
        return sums, self._update(batch)

    def _update(self, batch: Batch) -> float:
        self.scaler.unscale_(self.optimiser)
        trained = [p for group in self.optimiser.param_groups for p in group["params"]]
        norm = float(torch.nn.utils.clip_grad_norm_(trained, self.schedule.clip_norm))
        if not math.isfinite(norm) and not self.scaler.is_enabled():
            raise TrainingDiverged(
                f"the gradient's length is {norm} on the frames {', '.join(batch.ids)}"
            )
        self.companion.before_update(self.network)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return norm


def _named(part: Batch, offsets: Tensor, logits: Tensor) -> str:
    """The frames whose outputs aren't finite; all of them where each output is."""
    broken = ~(offsets.isfinite().all(2) & logits.isfinite().all(2)).all(1)
    named = [name for name, bad in zip(part.ids, broken.tolist(), strict=True) if bad]
    return ", ".join(named or part.ids)


def precision_of(schedule: ScheduleSection, device: torch.device) -> str:
    """A key of AUTOCAST: what the schedule says, or what the device is fastest in."""
    if schedule.precision != "auto":
        return schedule.precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return "bfloat16" if has_bfloat16() else "float32"


def make_repeatable(config: TrainConfig) -> torch.device:
    """Seed torch, set its threads; returns the device: the first GPU, or the CPU.

    Raises ConfigurationError for float16 without a GPU.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if config.schedule.precision == "float16" and device.type != "cuda":
        raise ConfigurationError(
            "schedule.precision: float16 needs a GPU, and torch sees none; use auto"
        )
    torch.backends.cudnn.deterministic = config.deterministic
    torch.backends.cudnn.benchmark = not config.deterministic
    return device
