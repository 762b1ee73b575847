"""Read a recorded bag back: what the graph said of each frame, in the order of the frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader

from thermoscout_core.frames import ThermalFrame
from thermoscout_core.inspection import FrameInspection
from thermoscout_core.verdicts import Verdict
from thermoscout_nodes.device_messages import message_to_frame, stamp_key
from thermoscout_nodes.matching import Stamp
from thermoscout_nodes.messages import (
    message_to_detections,
    message_to_readings,
    message_to_verdicts,
)

IMAGES = "/thermal/image_raw"
RADIOMETRY = "/thermal/radiometry"
DETECTIONS = "/detections"
READINGS = "/readings"
VERDICTS = "/verdicts"
TRUTH = "/simulation/truth"
_SMALL = (RADIOMETRY, DETECTIONS, READINGS, VERDICTS, TRUTH)


@dataclass(frozen=True)
class Judged:
    """What the graph said of the frame of that stamp, and the truth where it is known."""

    stamp: Stamp
    verdicts: tuple[Verdict, ...]
    truth: tuple[Verdict, ...] | None


class BagFrames:
    """The frames of a finished bag. The images stay on the disk until they are asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._messages: dict[str, dict[Stamp, Any]] = {topic: {} for topic in _SMALL}
        with AnyReader([path]) as reader:
            chosen = [c for c in reader.connections if c.topic in _SMALL]
            for connection, _, data in reader.messages(connections=chosen):
                message = reader.deserialize(data, connection.msgtype)
                self._messages[connection.topic][stamp_key(message.header)] = message

    def judged(self) -> list[Judged]:
        """Every frame that has verdicts, oldest first."""
        truths = self._messages[TRUTH]
        return [
            Judged(
                stamp,
                tuple(message_to_verdicts(message)),
                tuple(message_to_verdicts(truths[stamp])) if stamp in truths else None,
            )
            for stamp, message in sorted(self._messages[VERDICTS].items())
        ]

    def frames(self, stamps: set[Stamp] | None = None) -> Iterator[tuple[Stamp, ThermalFrame]]:
        """The thermal frames, oldest first, each once; stamps: only those."""
        seen: set[Stamp] = set()
        with AnyReader([self._path]) as reader:
            chosen = [c for c in reader.connections if c.topic == IMAGES]
            if not chosen:
                return
            for connection, _, data in reader.messages(connections=chosen):
                message = reader.deserialize(data, connection.msgtype)
                stamp = stamp_key(message.header)
                if stamp in seen or (stamps is not None and stamp not in stamps):
                    continue
                seen.add(stamp)
                yield stamp, message_to_frame(message, self._radiometry_at(stamp))

    def inspection(self, stamp: Stamp, frame: ThermalFrame) -> FrameInspection | None:
        """What the graph said of the frame; None when it said nothing."""
        if not all(stamp in self._messages[topic] for topic in (DETECTIONS, READINGS, VERDICTS)):
            return None
        return FrameInspection(
            frame,
            tuple(message_to_detections(self._messages[DETECTIONS][stamp])),
            tuple(message_to_readings(self._messages[READINGS][stamp])),
            tuple(message_to_verdicts(self._messages[VERDICTS][stamp])),
        )

    def _radiometry_at(self, stamp: Stamp) -> Any | None:
        earlier = [key for key in self._messages[RADIOMETRY] if key <= stamp]
        return self._messages[RADIOMETRY][max(earlier)] if earlier else None
