"""thermoscout rangefinder: is it connected, what does it measure, does it come back?"""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thermoscout_core.cli.device_trial import RECENT, Arrivals, reader_of, summary_table, watch
from thermoscout_core.rangefinders.base import RangeSample

if TYPE_CHECKING:
    from rich.console import Console

    from thermoscout_core.device_reader import DeviceReader

THINGS = "measurements"


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

    from thermoscout_core.rangefinders.registry import open_rangefinder

    console = Console(soft_wrap=True)
    if not url:
        _list_ports(console)
        return
    heard = _Heard()
    reader = reader_of("rangefinder", url, open_rangefinder, heard, console, any_device=any_device)
    watch(reader, heard, console, things=THINGS, in_words=_in_words, seconds=seconds)
    _summarise(console, reader, heard)
    if not heard.count:
        raise typer.Exit(1)


class _Heard(Arrivals[RangeSample]):
    """All are counted, the latest distances kept."""

    def __init__(self) -> None:
        super().__init__()
        self.distances_m: deque[float] = deque(maxlen=RECENT)
        self.problems: Counter[str] = Counter()

    def take(self, device: Any, sample: RangeSample) -> None:
        super().take(device, sample)
        if math.isfinite(sample.range_m):
            self.distances_m.append(sample.range_m)
        else:
            self.problems[_why_not(sample)] += 1


def _in_words(sample: RangeSample) -> str:
    return f"{sample.range_m:.3f} m" if math.isfinite(sample.range_m) else _why_not(sample)


def _why_not(sample: RangeSample) -> str:
    if sample.range_m == -math.inf:
        return f"nearer than {sample.min_range_m:g} m"
    beyond = f"beyond {sample.max_range_m:g} m"
    return sample.problem or (beyond if sample.range_m == math.inf else "not measured")


def _summarise(console: Console, reader: DeviceReader[RangeSample], heard: _Heard) -> None:
    table = summary_table(heard, THINGS)
    totals, distances_m = reader.supervisor.totals, heard.distances_m
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

    from thermoscout_core.rangefinders.registry import PROTOCOLS
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
