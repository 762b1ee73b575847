"""What is known of one opening of a device, and what is counted over all of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class DeviceCounters:
    """What a device counts while it is open.

    dropped: samples that it lost or that came incomplete and were thrown away. torn: samples whose
    parts belong to different moments, or whose checksum is wrong, thrown away too.
    """

    dropped: int = 0
    torn: int = 0


@dataclass
class Attempt:
    """One opening of the device: flags that its holder sets and that tick() reads.

    silence_is_loss: False for recordings and simulations, which may stand still with their clock.
    released: the device is closed and its holder gone.
    """

    begun_s: float
    hardware_id: str = ""
    silence_is_loss: bool = True
    silence_s: float = 0.0
    opened_s: float | None = None
    samples: int = 0
    last_heard_s: float | None = None
    problem: str = ""
    login_refused: bool = False
    finished: bool = False
    released: bool = False
    counters: DeviceCounters = field(default_factory=DeviceCounters)


@dataclass
class Totals:
    """Since the start: samples given on, losses of a device that streamed, returns from them,
    attempts, other devices refused, drivers left behind; dropped and torn as in DeviceCounters."""

    samples: int = 0
    losses: int = 0
    reconnects: int = 0
    attempts: int = 0
    refused: int = 0
    abandoned: int = 0
    dropped: int = 0
    torn: int = 0

    def add(self, attempt: Attempt) -> None:
        """Take over what that attempt has counted."""
        self.samples += attempt.samples
        self.dropped += attempt.counters.dropped
        self.torn += attempt.counters.torn
