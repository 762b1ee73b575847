"""Ten thousand frames leave nothing behind."""

from __future__ import annotations

from thermoscout_core.clock import SystemClock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.machine import rss_mib
from thermoscout_core.rangefinders.benewake import Benewake
from thermoscout_core.rangefinders.serial_line import DONT_ASK, SerialRangefinder

FRAME = bytes.fromhex("5959F401F40198083C")  # 5.00 m


class Tape:
    """A line on which a frame, and now and then noise, is always there."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self, timeout_s: float) -> bytes:
        self.reads += 1
        return b"\x59\x59\x00" + FRAME if self.reads % 7 == 0 else FRAME

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


def read(device: SerialRangefinder, frames: int) -> None:
    for _ in range(frames):
        assert device.read(0.1) is not None


def test_memory_is_flat_over_ten_thousand_frames() -> None:
    device = SerialRangefinder(
        Benewake(DeviceUrl("serial:///dev/x")),
        lambda: (Tape(), ""),
        "/dev/x",
        SystemClock(),
        identify=DONT_ASK,
    )
    device.open()
    read(device, 1000)
    before_mib = rss_mib()
    read(device, 10_000)
    assert rss_mib() - before_mib < 1.0
    device.close()
