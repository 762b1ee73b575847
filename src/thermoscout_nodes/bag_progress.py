"""What a bag player waits for, and what a replay has brought so far."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from thermoscout_nodes.bag_source import Stamp
from thermoscout_nodes.lifecycle import ManagedNode


@dataclass
class Awaited:
    """What the last message has to bring about before the next is played.

    heard: how many of its topic each listener must have handled. verdicts: stamp of the frame
    whose verdicts must have come, None for no frame. until_s: steady time when it has waited long
    enough.
    """

    topic: str
    heard: list[tuple[ManagedNode, int]]
    until_s: float
    verdicts: Stamp | None = None
    image: bytes = b""

    def has_come(self) -> bool:
        handled = all(node.heard[self.topic] >= count for node, count in self.heard)
        return self.verdicts is None and handled


@dataclass
class Played:
    """What a replay brought.

    complete: the bag's end was reached. digest: SHA-256 of every verdicts message, in the order of
    the frames. unanswered: frames without verdicts. skipped: topic -> why it wasn't played.
    """

    frames: int = 0
    complete: bool = False
    answered: int = 0
    unanswered: int = 0
    position_s: float = 0.0
    skipped: dict[str, str] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)
