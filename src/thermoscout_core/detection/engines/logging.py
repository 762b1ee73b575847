"""TensorRT's messages: the serious ones to the log, and all kept that an error must tell."""

from __future__ import annotations

import logging
from collections import deque

from thermoscout_core.detection.engines.library import trt

LOGGER = logging.getLogger("thermoscout.tensorrt")
LATEST = 20


class EngineLogger(trt.ILogger):
    """complaints: the latest warnings and errors. lines: every message while verbose."""

    def __init__(self, *, verbose: bool = False) -> None:
        super().__init__()
        self.complaints: deque[str] = deque(maxlen=LATEST)
        self.lines: list[str] = []
        self._verbose = verbose

    def log(self, severity: trt.ILogger.Severity, message: str) -> None:
        if self._verbose:
            self.lines.append(message)
        if severity <= trt.ILogger.ERROR:
            self.complaints.append(message)
            LOGGER.error(message)
        elif severity == trt.ILogger.WARNING:
            self.complaints.append(message)
            LOGGER.debug(message)

    def why(self) -> str:
        """What was complained of, for an error's text."""
        return "; ".join(self.complaints) or "TensorRT says no more"
