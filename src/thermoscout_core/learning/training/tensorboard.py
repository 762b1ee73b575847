"""TensorBoard's event files, for those who have it installed."""

from __future__ import annotations

import math
from pathlib import Path

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.training.history import COLUMNS, EpochRecord

NOT_DRAWN = ("epoch",)


class TensorboardLog:
    """Writes each epoch's record into a run's folder.

    Raises ConfigurationError when TensorBoard isn't installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ConfigurationError(
                "the recipe asks for TensorBoard, which isn't installed: pip install tensorboard, "
                "or set tensorboard: false (log.csv and curves.png have the same figures)"
            ) from error
        self._writer = SummaryWriter(str(folder))

    def add(self, record: EpochRecord) -> None:
        """One point on every curve."""
        values = {name: getattr(record, name) for name in COLUMNS if name not in NOT_DRAWN}
        values.update({f"ap/{name}": ap for name, ap in record.val_ap.items()})
        for name, value in values.items():
            if not math.isnan(value):
                self._writer.add_scalar(name, value, record.epoch)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
