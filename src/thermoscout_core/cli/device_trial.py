"""What `thermoscout camera` and `thermoscout rangefinder` share: a device tried on a terminal,
lost and taken back as in the node."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.device_reader import DeviceReader

POLL_S = 0.05
RECENT = 200
Sample = TypeVar("Sample")


class Arrivals(Generic[Sample]):
    """What came, for the summary: how many, the newest, by which device, how fast."""

    def __init__(self) -> None:
        self.count = 0
        self.newest: Sample | None = None
        self.device: Any = None
        self._at_s: deque[float] = deque(maxlen=RECENT)

    def take(self, device: Any, sample: Sample) -> None:
        self.count += 1
        self.newest, self.device = sample, device
        self._at_s.append(time.monotonic())

    def rate_hz(self) -> float:
        """Of the latest ones; NaN until there are two."""
        at_s = list(self._at_s)
        passed_s = at_s[-1] - at_s[0] if len(at_s) > 1 else 0.0
        return (len(at_s) - 1) / passed_s if passed_s > 0 else math.nan


def reader_of(
    name: str,
    url: str,
    open_device: Callable[..., Any],
    arrivals: Arrivals[Sample],
    console: Console,
    *,
    any_device: bool,
) -> DeviceReader[Sample]:
    """A reader of the device at an address; its losses and returns are told on the console.

    Raises ConfigurationError for a wrong address now, rather than trying it again and again.
    """
    from thermoscout_core.device_reader import DeviceReader
    from thermoscout_core.supervision import Supervisor

    open_device(url)

    def fresh(_stopping: Any) -> Any:
        again = {} if any_device else getattr(arrivals.device, "same_again", {})
        return open_device(url, **again)

    def tell(sentence: str) -> None:
        console.print(f"{time.strftime('%H:%M:%S')} {sentence}", markup=False)

    return DeviceReader(name, Supervisor(any_device=any_device), fresh, arrivals.take, tell)


def watch(
    reader: DeviceReader[Sample],
    arrivals: Arrivals[Sample],
    console: Console,
    *,
    things: str,
    in_words: Callable[[Sample], str],
    seconds: float,
) -> None:
    """Show the newest sample until the time is over (0: never), the stream ends, or Ctrl-C.

    things: what the samples are called, such as "frames".
    """
    from thermoscout_core.supervision import Phase

    end_s = time.monotonic() + seconds if seconds else math.inf
    try:
        with console.status(f"waiting for the first of the {things}") as line:
            reader.start()
            while time.monotonic() < end_s and reader.supervisor.phase is not Phase.FINISHED:
                reader.poll()
                lost_s = reader.supervisor.lost_for_s
                if arrivals.newest is not None and lost_s == 0:
                    what = f"{in_words(arrivals.newest)}   {arrivals.rate_hz():.1f} Hz"
                    line.update(f"{what}   {arrivals.count} {things}")
                elif arrivals.newest is not None:
                    line.update(f"lost for {lost_s:.1f} s")
                time.sleep(POLL_S)
    except KeyboardInterrupt:
        pass
    finally:
        reader.stop()


def summary_table(arrivals: Arrivals[Sample], things: str) -> Table:
    """The summary's first lines: which device, how much came."""
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    if arrivals.device is not None:
        table.add_row("device", arrivals.device.hardware_id)
        for key, text in getattr(arrivals.device, "details", {}).items():
            table.add_row(key.replace("_", " "), text)
    rate = f", {arrivals.rate_hz():.1f} Hz" if arrivals.count > 1 else ""
    table.add_row(things, f"{arrivals.count}{rate}")
    return table
