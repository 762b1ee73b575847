"""thermoscout rangefinder: is it connected, what does it measure, does it come back?"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from thermoscout_core.device_reader import DeviceReader
    from thermoscout_core.rangefinders.base import RangeSample

POLL_S = 0.05
RECENT = 200


def rangefinder(
    url: Annotated[
        str, typer.Argument(metavar="[URL]", help="As the node's parameter url; none lists ports.")
    ] = "",
    seconds: Annotated[
        float, typer.Option(help="Stop after so long; 0 goes on until Ctrl-C.", min=0)
    ] = 0.0,
    any_device: Annotated[
        bool, typer.Option("--any-device", help="After a loss, take another one back, too.")
    ] = False,
) -> None:
    """Try a laser rangefinder: who it is, what it measures, how steadily.

    For example thermoscout rangefinder 'serial:///dev/ttyUSB0?protocol=benewake'. Unplug it and
    plug it in again to see how the node would take that. Ends with 1 when no measurement came.
    docs/rangefinders.md has the addresses.
    """
    from rich.console import Console

    console = Console(soft_wrap=True)
    if not url:
        _list_ports(console)
        return
    heard = _Heard()
    reader = _reader_of(url, any_device, heard, console)
    try:
        with console.status("waiting for the first measurement") as line:
            _watch(reader, heard, line, seconds)
    except KeyboardInterrupt:
        pass
    finally:
        reader.stop()
    _summarise(console, reader, heard)
    if not heard.count:
        raise typer.Exit(1)


class _Heard:
    """What came, for the summary: all counted, the latest distances kept."""

    def __init__(self) -> None:
        self.count = 0
        self.newest: RangeSample | None = None
        self.device: Any = None
        self.distances_m: deque[float] = deque(maxlen=RECENT)
        self.arrivals_s: deque[float] = deque(maxlen=RECENT)
        self.problems: Counter[str] = Counter()

    def take(self, device: Any, sample: RangeSample) -> None:
        self.count += 1
        self.newest, self.device = sample, device
        self.arrivals_s.append(time.monotonic())
        if math.isfinite(sample.range_m):
            self.distances_m.append(sample.range_m)
        else:
            self.problems[_why_not(sample)] += 1

    def rate_hz(self) -> float:
        arrivals_s = list(self.arrivals_s)
        passed_s = arrivals_s[-1] - arrivals_s[0] if len(arrivals_s) > 1 else 0.0
        return (len(arrivals_s) - 1) / passed_s if passed_s > 0 else math.nan


def _why_not(sample: RangeSample) -> str:
    if sample.range_m == -math.inf:
        return f"nearer than {sample.min_range_m:g} m"
    beyond = f"beyond {sample.max_range_m:g} m"
    return sample.problem or (beyond if sample.range_m == math.inf else "not measured")


def _reader_of(
    url: str, any_device: bool, heard: _Heard, console: Console
) -> DeviceReader[RangeSample]:
    from thermoscout_core.device_reader import DeviceReader
    from thermoscout_core.rangefinders.registry import open_rangefinder
    from thermoscout_core.supervision import Supervisor

    open_rangefinder(url)  # a wrong address is told now, and not tried again and again

    def fresh(_stopping: Any) -> Any:
        again = {} if any_device else getattr(heard.device, "same_again", {})
        return open_rangefinder(url, **again)

    def tell(sentence: str) -> None:
        console.print(f"{time.strftime('%H:%M:%S')} {sentence}", markup=False)

    supervisor = Supervisor(any_device=any_device)
    return DeviceReader("rangefinder", supervisor, fresh, heard.take, tell)


def _watch(reader: DeviceReader[RangeSample], heard: _Heard, line: Any, seconds: float) -> None:
    end_s = time.monotonic() + seconds if seconds else math.inf
    reader.start()
    while time.monotonic() < end_s:
        reader.poll()
        if heard.newest is not None and reader.supervisor.lost_for_s == 0:
            measured = math.isfinite(heard.newest.range_m)
            what = f"{heard.newest.range_m:.3f} m" if measured else _why_not(heard.newest)
            line.update(f"{what}   {heard.rate_hz():.1f} Hz   {heard.count} measurements")
        elif heard.newest is not None:
            line.update(f"lost for {reader.supervisor.lost_for_s:.1f} s")
        time.sleep(POLL_S)


def _summarise(console: Console, reader: DeviceReader[RangeSample], heard: _Heard) -> None:
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    totals, device, distances_m = reader.supervisor.totals, heard.device, heard.distances_m
    if device is not None:
        table.add_row("device", device.hardware_id)
        for key, text in getattr(device, "details", {}).items():
            table.add_row(key.replace("_", " "), text)
    rate = f", {heard.rate_hz():.1f} Hz" if heard.count > 1 else ""
    table.add_row("measurements", f"{heard.count}{rate}")
    if distances_m:
        mean_m = sum(distances_m) / len(distances_m)
        spread_m = math.sqrt(sum((d - mean_m) ** 2 for d in distances_m) / len(distances_m))
        table.add_row(
            f"the last {len(distances_m)}",
            f"{mean_m:.3f} m ± {1e3 * spread_m:.1f} mm (standard deviation), "
            f"{min(distances_m):.3f} … {max(distances_m):.3f} m",
        )
    for problem, count in heard.problems.most_common():
        table.add_row("without a distance", f"{count}: {problem}")
    table.add_row("wrong frames", f"{totals.torn}; passed over to be up to date: {totals.dropped}")
    table.add_row("losses", f"{totals.losses}; returns {totals.reconnects}")
    console.print(table)


def _list_ports(console: Console) -> None:
    from pathlib import Path

    from rich.table import Table

    from thermoscout_core.rangefinders.serial_line import PROTOCOLS
    from thermoscout_core.rangefinders.usb_ports import present_ports, usb_identity

    ports = present_ports()
    stable: dict[str, str] = {}
    for folder in ("by-path", "by-id"):  # the better of the two last, so that it stays
        for link in Path("/dev/serial", folder).glob("*"):
            stable[str(link.resolve())] = str(link)
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("serial port", "USB", "name that stays"):
        table.add_column(heading)
    for port in ports:
        table.add_row(port.device, usb_identity(port) or "–", stable.get(port.device, "–"))
    console.print(table if ports else "This machine has no serial port.")
    console.print(f"Protocols: {', '.join(PROTOCOLS)}. See thermoscout rangefinder --help.")
